"""The URLs that are compared, by contract."""

from django.http import JsonResponse
from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

import accounts
import catalog
import orders


def handler404(request, exception):
    return JsonResponse({"detail": "Not found."}, status=404)


services_password = accounts.ChangePassword.as_view(
    serializer_class=accounts.ServicesPasswords, message="Password changed successfully."
)
platform_register = accounts.Register.as_view(serializer_class=accounts.PlatformRegistration)
platform_login = accounts.OnlyToken.as_view(serializer_class=accounts.TokenByEmail)

urlpatterns = [
    # classic and minimal
    path("api/users/signup/", accounts.Register.as_view()),
    path("api/token/", TokenObtainPairView.as_view(serializer_class=accounts.ByUsername)),
    path("api/login/", accounts.OnlyToken.as_view()),
    path("api/users/", accounts.Register.as_view()),
    path("api/products/", catalog.ClassicAndMinimalList.as_view()),
    path("api/products/<int:pk>/", catalog.ClassicAndMinimalDetail.as_view()),
    path("api/cart/add/", orders.MinimalAdd.as_view()),
    path("api/orders/", orders.ClassicOrders.as_view()),
    # services
    path("api/v1/users/register/", accounts.ServicesRegister.as_view()),
    path("api/v1/users/login/", TokenObtainPairView.as_view(serializer_class=accounts.ByUsername)),
    path("api/v1/users/token/verify/", accounts.Verify.as_view()),
    path("api/v1/users/token/refresh/", TokenRefreshView.as_view()),
    path("api/v1/users/me/update/", accounts.UpdateProfile.as_view()),
    path("api/v1/users/me/change-password/", services_password),
    path("api/v1/product/", catalog.ServicesList.as_view()),
    path("api/v1/product/<int:pk>/", catalog.ServicesDetail.as_view()),
    path("api/v1/category/", catalog.ServicesCategories.as_view()),
    path("api/v1/category/<int:pk>/", catalog.ServicesCategoryDetail.as_view()),
    path("api/v1/cart/add_item/", orders.ServicesAdd.as_view()),
    path("api/v1/order/update_order/", orders.ServicesUpdate.as_view()),
    # storefront
    path("api/v1/auth/register/", accounts.StorefrontRegister.as_view()),
    path("api/v1/auth/login/", accounts.StorefrontLogin.as_view()),
    path("api/v1/auth/refresh/", accounts.StorefrontRefresh.as_view()),
    path("api/v1/auth/profile/", accounts.OwnProfile.as_view()),
    path("api/v1/auth/change-password/", accounts.ChangePassword.as_view()),
    path("api/v1/products/", catalog.StorefrontList.as_view()),
    path("api/v1/products/<int:pk>/", catalog.StorefrontDetail.as_view()),
    path("api/v1/categories/", catalog.StorefrontCategories.as_view()),
    path("api/v1/categories/<int:pk>/", catalog.StorefrontCategoryDetail.as_view()),
    path("api/v1/cart/", orders.StorefrontCart.as_view()),
    path("api/v1/cart/items/<int:pk>/", orders.StorefrontLine.as_view()),
    path("api/v1/orders/", orders.StorefrontOrders.as_view()),
    path("api/v1/orders/<int:pk>/", orders.StorefrontOrderDetail.as_view()),
    # platform
    path("api/v1/users", platform_register),
    path("api/v1/users/<int:pk>", accounts.PlatformUser.as_view()),
    path("api/v1/auth/login", platform_login),
    path("api/v1/products", catalog.PlatformList.as_view()),
    path("api/v1/products/<int:pk>", catalog.PlatformDetail.as_view()),
    path("api/v1/orders", orders.PlatformOrders.as_view()),
    path("api/v1/orders/<int:pk>/status", orders.PlatformStatus.as_view()),
]
