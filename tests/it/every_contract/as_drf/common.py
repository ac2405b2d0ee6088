"""What the README of the contracts says for all of them, and fields that several serializers have."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.http import Http404
from rest_framework import exceptions, permissions, serializers
from rest_framework.validators import UniqueValidator
from rest_framework.views import exception_handler

from models import Product, User

NOT_FOR_SALE = "Product not found or inactive"
LARGEST_STOCK = 2_147_483_647
LARGEST_QUANTITY = 1_000_000


def as_the_law_says(exc, context):
    """Its sentences for an unknown resource and for a bad token."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound("Not found.")
    response = exception_handler(exc, context)
    if response is not None and isinstance(response.data, dict):
        response.data.pop("messages", None)
    return response


class MoneyField(serializers.DecimalField):
    """A JSON number within a millionth of a minor unit is that minor unit; a string is taken as written."""

    def __init__(self, **options):
        super().__init__(max_digits=10, decimal_places=2, min_value=0, **options)

    def to_internal_value(self, data):
        if isinstance(data, float):
            try:
                rounded = Decimal(repr(data)).quantize(Decimal("0.01"), ROUND_HALF_UP)
                if abs(rounded - Decimal(repr(data))) <= Decimal("0.00000001"):
                    data = str(rounded)
            except InvalidOperation:
                pass
        return super().to_internal_value(data)


class NumberField(MoneyField):
    """Money that a document prints as a number."""

    def to_representation(self, value):
        return float(value)


def discount_field():
    return serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )


def stock_field(**options):
    return serializers.IntegerField(min_value=0, max_value=LARGEST_STOCK, **options)


def quantity_field(**options):
    return serializers.IntegerField(min_value=1, max_value=LARGEST_QUANTITY, **options)


def username_field(**options):
    return serializers.CharField(
        max_length=150,
        validators=[
            User.username_validator,
            UniqueValidator(
                User.objects.all(), "A user with that username already exists.", lookup="iexact"
            ),
        ],
        **options,
    )


def email_field(taken="user with this email already exists.", **options):
    unique = UniqueValidator(User.objects.all(), taken, lookup="iexact")
    return serializers.EmailField(max_length=254, validators=[unique], **options)


def new_password_field():
    return serializers.CharField(
        max_length=128,
        trim_whitespace=False,
        write_only=True,
        validators=[MinimumLengthValidator(8).validate],
    )


def password_field():
    return serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class ProductIdField(serializers.IntegerField):
    """The id of a product that is for sale; becomes the product."""

    def to_internal_value(self, data):
        number = super().to_internal_value(data)
        product = Product.objects.filter(pk=number, available=True).first()
        if product is None:
            raise serializers.ValidationError(NOT_FOR_SALE)
        return product

    def to_representation(self, value):
        return value.pk


class AdministratorWrites(permissions.BasePermission):
    """Everybody reads, where `reads_need_a_token` does not say otherwise."""

    def has_permission(self, request, view):
        if request.method in permissions.SAFE_METHODS and not view.reads_need_a_token:
            return True
        if not request.user.is_authenticated:
            return False
        self.message = view.refusals.get(request.method)
        return request.method in permissions.SAFE_METHODS or request.user.is_staff


class Administrators(permissions.BasePermission):
    def has_permission(self, request, view):
        return bool(request.user.is_authenticated and request.user.is_staff)
