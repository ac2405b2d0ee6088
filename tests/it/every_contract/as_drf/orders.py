"""Carts and orders."""

from decimal import Decimal

from django.db.models import F
from django.shortcuts import get_object_or_404
from rest_framework import exceptions, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import ProductInCart
from common import (
    NOT_FOR_SALE,
    Administrators,
    MoneyField,
    NumberField,
    ProductIdField,
    quantity_field,
)
from models import CartLine, Order, OrderLine, Product, User

STATES = ["pending", "processing", "completed", "shipped", "delivered", "cancelled"]
CAPITALISED = [state.capitalize() for state in STATES]
SHORT = "Insufficient stock"


class LoggedIn(APIView):
    permission_classes = [IsAuthenticated]

    def valid(self, serializer_class, **options):
        serializer = serializer_class(data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


# ---- carts


class Items(serializers.ListSerializer):
    """Prints its errors as the storefront document does: a list with an entry for each item."""

    def to_internal_value(self, data):
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict) or "non_field_errors" in error.detail:
                raise
            wrong = {int(index): detail for index, detail in error.detail.items()}
            listed = [wrong.get(index, {}) for index in range(len(data))]
            raise serializers.ValidationError(listed) from None


class Item(serializers.Serializer):
    class Meta:
        list_serializer_class = Items

    product_id = ProductIdField()
    quantity = quantity_field()


class Quantity(serializers.Serializer):
    quantity = quantity_field(error_messages={"min_value": "Quantity must be at least 1."})


def line_of(user, product, quantity, short=None):
    """Puts it in the cart, added to what is there. No document but storefront prints how it is refused."""
    line = CartLine.objects.filter(user=user, product=product).first()
    line = line or CartLine(user=user, product=product, quantity=0)
    line.quantity += quantity
    if line.quantity > product.stock:
        raise serializers.ValidationError(short or {"quantity": [f"{SHORT} for {product.name}"]})
    line.save()
    return line


def shown_line(line, price):
    return {
        "id": line.pk,
        "product": ProductInCart(line.product).data,
        "quantity": line.quantity,
        "price": str(price),
        "subtotal": str(price * line.quantity),
        "created_at": line.created,
    }


class StorefrontCart(LoggedIn):
    def post(self, request):
        wish = self.valid(Item)
        short = {"non_field_errors": [SHORT]}
        line = line_of(request.user, wish["product_id"], wish["quantity"], short)
        return Response(shown_line(line, line.product.sell_price), 201)


class StorefrontLine(LoggedIn):
    def put(self, request, pk):
        line = get_object_or_404(CartLine, pk=pk, user=request.user)
        line.quantity = self.valid(Quantity)["quantity"]
        if line.quantity > line.product.stock:
            return Response({"error": SHORT}, 400)
        line.save()
        return Response(shown_line(line, line.product.sell_price))

    patch = put


class ServicesAdd(LoggedIn):
    def post(self, request):
        wish = self.valid(Item)
        product = line_of(request.user, wish["product_id"], wish["quantity"]).product
        return Response(
            {
                "message": "Item added to cart",
                "product_id": str(product.pk),
                "quantity": wish["quantity"],
                "name": product.name,
                "price": str(product.price),
                "discount": str(product.discount),
            }
        )


class MinimalAdd(LoggedIn):
    def post(self, request):
        wish = self.valid(Item)
        line_of(request.user, wish["product_id"], wish["quantity"])
        return Response({"message": "Product added to cart"})


# ---- placing orders


class StorefrontOrder(serializers.Serializer):
    shipping_address = serializers.CharField(max_length=1000)
    billing_address = serializers.CharField(max_length=1000, required=False)
    items = Item(many=True, allow_empty=False)


class PlatformOrder(serializers.Serializer):
    user_id = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    items = Item(many=True, allow_empty=False)
    total_price = NumberField()


class ClassicOrder(serializers.Serializer):
    products = serializers.ListField(child=serializers.IntegerField(), allow_empty=False)

    def validate_products(self, value):
        found = Product.objects.filter(available=True).in_bulk(set(value))
        unknown = [f"{NOT_FOR_SALE}: {number}" for number in dict.fromkeys(value) if number not in found]
        if unknown:
            raise serializers.ValidationError(unknown)
        return [found[number] for number in value]


def place(user, wishes, addresses):
    """Takes the stock of all lines, or of none."""
    wanted = {}
    for product, quantity in wishes:
        wanted[product] = wanted.get(product, 0) + quantity
    total = sum((product.sell_price * quantity for product, quantity in wishes), Decimal(0))
    order = Order.objects.create(customer=user, total=total, **addresses)
    for product, quantity in wanted.items():
        Product.objects.filter(pk=product.pk).update(stock=F("stock") - quantity)
        OrderLine.objects.create(
            order=order, product=product, quantity=quantity, price=product.sell_price
        )
    return order


def pairs(items):
    return [(item["product_id"], item["quantity"]) for item in items]


def short(wishes):
    """The products of which more is wanted than there is."""
    wanted = {}
    for product, quantity in wishes:
        wanted[product] = wanted.get(product, 0) + quantity
    return {product for product, quantity in wanted.items() if quantity > product.stock}


def shortage(items):
    """One entry per item; the law names the short line at its index."""
    missing = short(items)
    if missing:
        wrong = [
            {"quantity": [f"{SHORT} for {product.name}"]} if product in missing else {}
            for product, _ in items
        ]
        raise serializers.ValidationError({"items": wrong})


def storefront_body(order):
    items = []
    for line in order.lines.all():
        line.product.refresh_from_db()
        items.append(shown_line(line, line.price))
    return {
        "id": order.pk,
        "order_number": f"ORD-{order.pk:010}",
        "customer": order.customer_id,
        "customer_email": order.customer.email,
        "total_amount": str(order.total),
        "status": order.status,
        "shipping_address": order.shipping_address,
        "billing_address": order.billing_address,
        "items": items,
        "stripe_payment_intent_id": None,
        "client_secret": None,
        "crm_sync_status": None,
        "created_at": order.created,
        "updated_at": order.updated,
    }


class StorefrontOrders(LoggedIn):
    def post(self, request):
        wish = self.valid(StorefrontOrder)
        items = pairs(wish.pop("items"))
        shortage(items)
        wish.setdefault("billing_address", wish["shipping_address"])
        return Response(storefront_body(place(request.user, items, wish)), 201)


class PlatformOrders(LoggedIn):
    def post(self, request):
        wish = self.valid(PlatformOrder)
        items = pairs(wish["items"])
        if wish["user_id"] != request.user and not request.user.is_staff:
            raise exceptions.PermissionDenied()
        shortage(items)
        total = sum(product.sell_price * quantity for product, quantity in items)
        if total != wish["total_price"]:
            raise serializers.ValidationError({"total_price": [f"The total is {total}."]})
        customer = wish["user_id"]
        order = place(customer, items, {})
        lines = [
            {"product_id": line.product_id, "quantity": line.quantity} for line in order.lines.all()
        ]
        body = {"order_id": order.pk, "user_id": customer.pk, "items": lines}
        return Response({**body, "total_price": float(total), "status": "Pending"}, 201)


class ClassicOrders(LoggedIn):
    """The body decides between classic and minimal, whose orders are not compared."""

    def post(self, request):
        if isinstance(request.data, dict) and "products" not in request.data:
            required = [serializers.Field.default_error_messages["required"]]
            raise serializers.ValidationError({"products": required, "cart_id": required})
        products = self.valid(ClassicOrder)["products"]
        wishes = [(product, 1) for product in products]
        missing = [f"{SHORT} for {product.name}" for product in short(wishes)]
        if missing:
            raise serializers.ValidationError({"products": missing})
        order = place(request.user, wishes, {})
        return Response(
            {
                "id": order.pk,
                "products": [product.pk for product in products],
                "status": order.status,
                "total_price": str(order.total),
            },
            201,
        )


# ---- changing the state


def move(order, state):
    """An administrator may skip forward, and cancel what is not shipped."""
    path = STATES[:-1]
    if state == order.status:
        return
    ahead = state in path and order.status in path and path.index(state) > path.index(order.status)
    if not ahead and not (state == "cancelled" and order.status in path[:3]):
        sentence = f"An order cannot go from {order.status} to {state}."
        conflict = exceptions.APIException(sentence)
        conflict.status_code = 409
        raise conflict
    if state == "cancelled":
        for line in order.lines.all():
            Product.objects.filter(pk=line.product_id).update(stock=F("stock") + line.quantity)
    order.status = state
    order.save()


class StorefrontChange(serializers.Serializer):
    status = serializers.ChoiceField(STATES, required=False)
    shipping_address = serializers.CharField(max_length=1000, required=False)
    billing_address = serializers.CharField(max_length=1000, required=False)


class PlatformChange(serializers.Serializer):
    status = serializers.ChoiceField(CAPITALISED)


class ServicesChange(serializers.Serializer):
    order_id = serializers.IntegerField()
    status = serializers.ChoiceField(STATES)


class StorefrontOrderDetail(LoggedIn):
    permission_classes = [Administrators]

    def patch(self, request, pk):
        order = get_object_or_404(Order, pk=pk)
        wish = self.valid(StorefrontChange)
        for name in ["shipping_address", "billing_address"]:
            setattr(order, name, wish.get(name, getattr(order, name)))
        order.save()
        move(order, wish.get("status", order.status))
        return Response(storefront_body(order))


class PlatformStatus(LoggedIn):
    permission_classes = [Administrators]

    def put(self, request, pk):
        order = get_object_or_404(Order, pk=pk)
        move(order, self.valid(PlatformChange)["status"].lower())
        return Response({"order_id": order.pk, "status": order.status.capitalize()})


class ServicesUpdate(LoggedIn):
    permission_classes = [Administrators]

    def post(self, request):
        wish = self.valid(ServicesChange)
        move(get_object_or_404(Order, pk=wish["order_id"]), wish["status"])
        return Response({"message": "Order updated successfully."})
