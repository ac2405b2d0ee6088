"""Products and categories."""

from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend, SearchFilter
from rest_framework.generics import ListCreateAPIView, RetrieveUpdateAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from common import AdministratorWrites, MoneyField, NumberField, discount_field, stock_field
from models import Category, Product


class Pages(PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100


# ---- serializers


class StorefrontCategory(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["id", "name", "slug", "description"]
        read_only_fields = ["slug"]


class ServicesCategory(StorefrontCategory):
    class Meta:
        model = Category
        fields = ["id", "name"]


class PaidPriceMixin:
    """Setting the price sets what the customer pays and clears the discount."""

    def update(self, instance, validated_data):
        if "price" in validated_data:
            validated_data["discount"] = 0
        return super().update(instance, validated_data)

    def to_representation(self, instance):
        shown = super().to_representation(instance)
        return {**shown, "price": self.fields["price"].to_representation(instance.sell_price)}


class StorefrontProduct(PaidPriceMixin, serializers.ModelSerializer):
    category = StorefrontCategory(read_only=True)
    category_id = serializers.PrimaryKeyRelatedField(
        source="category", queryset=Category.objects.all(), allow_null=True, required=False
    )
    price = MoneyField()
    stock_quantity = stock_field(source="stock", required=False)
    created_at = serializers.DateTimeField(source="created", read_only=True)
    updated_at = serializers.DateTimeField(source="updated", read_only=True)

    class Meta:
        model = Product
        fields = [
            "id",
            "name",
            "slug",
            "description",
            "category",
            "category_id",
            "price",
            "stock_quantity",
            "image",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["slug"]


class ProductInCart(StorefrontProduct):
    """As the documents print it inside of carts and orders: without `category_id`."""

    category_id = None

    class Meta(StorefrontProduct.Meta):
        fields = [name for name in StorefrontProduct.Meta.fields if name != "category_id"]


class ServicesProduct(serializers.ModelSerializer):
    price = MoneyField()
    discount = discount_field()

    class Meta:
        model = Product
        fields = [
            "id",
            "sell_price",
            "name",
            "image",
            "description",
            "price",
            "available",
            "created",
            "updated",
            "discount",
            "category",
        ]
        read_only_fields = ["sell_price"]


class ClassicProduct(PaidPriceMixin, serializers.ModelSerializer):
    price = MoneyField()
    amount = stock_field(source="stock")

    class Meta:
        model = Product
        fields = ["id", "name", "price", "amount"]


class MinimalProduct(ClassicProduct):
    amount = None

    class Meta:
        model = Product
        fields = ["id", "name", "price", "description"]


class PlatformProduct(PaidPriceMixin, serializers.ModelSerializer):
    price = NumberField()
    stock = stock_field(required=False)

    class Meta:
        model = Product
        fields = ["id", "name", "description", "price", "stock"]


# ---- filters


UNKNOWN = "Select a valid choice. That choice is not one of the available choices."
NO_CHOICE = {"does_not_exist": UNKNOWN, "incorrect_type": UNKNOWN}


def number():
    return serializers.DecimalField(max_digits=None, decimal_places=None, required=False)


class StorefrontQuery(serializers.Serializer):
    category = serializers.PrimaryKeyRelatedField(
        queryset=Category.objects.all(), required=False, error_messages=NO_CHOICE
    )
    lookups = {"category": "category"}


class ServicesQuery(serializers.Serializer):
    price_min = number()
    price_max = number()
    discount_min = number()
    discount_max = number()
    available = serializers.BooleanField(required=False)
    lookups = {
        "price_min": "sell_price__gte",
        "price_max": "sell_price__lte",
        "discount_min": "discount__gte",
        "discount_max": "discount__lte",
        "available": "available",
    }


class Filters(BaseFilterBackend):
    """What the query says, read by a serializer. One without a value does not count."""

    def filter_queryset(self, request, queryset, view):
        given = {name: text for name, text in request.query_params.items() if text.strip()}
        query = view.query_class(data=given)
        query.is_valid(raise_exception=True)
        lookups = {query.lookups[name]: value for name, value in query.validated_data.items()}
        return queryset.filter(**lookups)


# ---- views


class Catalog:
    permission_classes = [AdministratorWrites]
    reads_need_a_token = False
    refusals = {}
    queryset = Product.objects.all()


class StorefrontList(Catalog, ListCreateAPIView):
    reads_need_a_token = True
    refusals = {"POST": "Only admins can create products"}
    queryset = Product.objects.filter(available=True)
    serializer_class = StorefrontProduct
    pagination_class = Pages
    filter_backends = [SearchFilter, Filters]
    search_fields = ["name", "description"]
    query_class = StorefrontQuery


class StorefrontDetail(Catalog, RetrieveUpdateAPIView):
    reads_need_a_token = True
    refusals = dict.fromkeys(["PUT", "PATCH"], "Only admins can update products")
    serializer_class = StorefrontProduct


class ServicesList(Catalog, ListCreateAPIView):
    serializer_class = ServicesProduct
    filter_backends = [SearchFilter, Filters]
    search_fields = ["name"]
    query_class = ServicesQuery


class ServicesDetail(Catalog, RetrieveUpdateAPIView):
    serializer_class = ServicesProduct


class ClassicAndMinimalList(Catalog, ListCreateAPIView):
    """minimal reads, classic writes."""

    queryset = Product.objects.filter(available=True)

    def get_serializer_class(self):
        return ClassicProduct if self.request.method == "POST" else MinimalProduct

    def list(self, request, *args, **kwargs):
        return Response({"products": super().list(request, *args, **kwargs).data})


class ClassicAndMinimalDetail(Catalog, RetrieveUpdateAPIView):
    def get_serializer_class(self):
        return ClassicProduct if self.request.method == "PUT" else MinimalProduct


class PlatformList(Catalog, ListCreateAPIView):
    serializer_class = PlatformProduct


class PlatformDetail(Catalog, RetrieveUpdateAPIView):
    """Its PUT changes what it names, as the document's sample does."""

    serializer_class = PlatformProduct

    def update(self, request, *args, **kwargs):
        return super().update(request, *args, **{**kwargs, "partial": True})


class StorefrontCategories(Catalog, ListCreateAPIView):
    reads_need_a_token = True
    refusals = {"POST": "Only admins can create categories"}
    queryset = Category.objects.all()
    serializer_class = StorefrontCategory
    pagination_class = Pages


class StorefrontCategoryDetail(Catalog, RetrieveUpdateAPIView):
    reads_need_a_token = True
    queryset = Category.objects.all()
    serializer_class = StorefrontCategory


class ServicesCategories(Catalog, ListCreateAPIView):
    queryset = Category.objects.all()
    serializer_class = ServicesCategory


class ServicesCategoryDetail(Catalog, RetrieveUpdateAPIView):
    queryset = Category.objects.all()
    serializer_class = ServicesCategory
