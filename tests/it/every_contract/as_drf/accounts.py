"""Registering, logging in, tokens, passwords and profiles."""

from django.contrib.auth import authenticate
from rest_framework import exceptions, serializers
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.generics import RetrieveUpdateAPIView, UpdateAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenRefreshView, TokenVerifyView

from common import email_field, new_password_field, password_field, username_field
from models import User

EMAIL_TAKEN = "This email is already in use."


def name_field():
    return serializers.CharField(max_length=150, required=False, allow_blank=True)


# ---- registering


class StorefrontRegistration(serializers.Serializer):
    email = email_field(EMAIL_TAKEN)
    password = new_password_field()
    password_confirm = serializers.CharField(trim_whitespace=False, write_only=True)
    user_type = serializers.ChoiceField(["customer", "admin"], required=False)
    first_name = name_field()
    last_name = name_field()

    def validate(self, attrs):
        if attrs["password"] != attrs.pop("password_confirm"):
            raise serializers.ValidationError({"password_confirm": "Passwords do not match"})
        if attrs.pop("user_type", "customer") == "admin":
            raise exceptions.PermissionDenied()
        return attrs

    def create(self, validated_data):
        return User.objects.create_user(validated_data["email"], **validated_data)


class Registration(serializers.ModelSerializer):
    """classic and minimal."""

    username = username_field()
    email = email_field()
    password = new_password_field()

    class Meta:
        model = User
        fields = ["id", "username", "email", "password"]

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class PlatformRegistration(Registration):
    class Meta(Registration.Meta):
        fields = [*Registration.Meta.fields, "first_name", "last_name"]


class ServicesRegistration(Registration):
    confirm_password = serializers.CharField(trim_whitespace=False, write_only=True)

    class Meta(Registration.Meta):
        fields = [*Registration.Meta.fields, "confirm_password"]

    def validate(self, attrs):
        if attrs["password"] != attrs.pop("confirm_password"):
            raise serializers.ValidationError({"confirm_password": "Passwords do not match"})
        return attrs


class Open(APIView):
    authentication_classes = []
    permission_classes = []

    def valid(self, serializer_class):
        serializer = serializer_class(data=self.request.data, context={"request": self.request})
        serializer.is_valid(raise_exception=True)
        return serializer


class Register(Open):
    """classic, minimal and platform."""

    serializer_class = Registration

    def post(self, request):
        serializer = self.valid(self.serializer_class)
        serializer.save()
        return Response(serializer.data, 201)


def storefront_session(user, message, status):
    refresh = RefreshToken.for_user(user)
    data = {
        "access_token": str(refresh.access_token),
        "refresh_token": str(refresh),
        "user": {"id": user.pk, "email": user.email, "user_type": user.user_type},
    }
    return Response({"message": message, "data": data}, status)


class StorefrontRegister(Open):
    def post(self, request):
        user = self.valid(StorefrontRegistration).save()
        return storefront_session(user, "User registered successfully", 201)


class ServicesRegister(Open):
    def post(self, request):
        user = self.valid(ServicesRegistration).save()
        refresh = RefreshToken.for_user(user)
        tokens = {"access": str(refresh.access_token), "refresh": str(refresh)}
        body = {**Profile(user).data, **tokens}
        return Response({"message": "User registered successfully.", "user": body}, 201)


# ---- logging in


class ByEmail(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = password_field()

    def validate(self, attrs):
        known = User.objects.filter(email__iexact=attrs["email"]).first()
        username = known.username if known else ""
        self.user = authenticate(username=username, password=attrs["password"])
        return attrs


class StorefrontLogin(Open):
    def post(self, request):
        user = self.valid(ByEmail).user
        if user is None:
            raise serializers.ValidationError({"non_field_errors": ["Invalid credentials"]})
        return storefront_session(user, "Login successful", 200)


class ByUsername(TokenObtainPairSerializer):
    """Takes a password as it was set, space around it included, as the log-in form of Django does."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"] = password_field()


class OnlyToken(Open):
    """minimal. The framework's own view that answers with a `token` refuses in this way."""

    serializer_class = AuthTokenSerializer

    def post(self, request):
        user = self.valid(self.serializer_class).validated_data["user"]
        return Response({"token": str(RefreshToken.for_user(user).access_token)})


class TokenByEmail(ByEmail):
    """platform."""

    def validate(self, attrs):
        super().validate(attrs)
        if self.user is None:
            raise serializers.ValidationError("Unable to log in with provided credentials.")
        return {"user": self.user}


# ---- tokens


class Verify(TokenVerifyView):
    def post(self, request, *args, **kwargs):
        super().post(request, *args, **kwargs)
        return Response({"detail": "Token is valid"})


class StorefrontRefresh(TokenRefreshView):
    """Rotates, and prints one sentence for whatever is wrong with the token."""

    def post(self, request, *args, **kwargs):
        try:
            response = super().post(request, *args, **kwargs)
        except (InvalidToken, exceptions.AuthenticationFailed):
            raise InvalidToken("Token is invalid or expired") from None
        response.data["refresh"] = request.data["refresh"]
        return response


# ---- passwords


class StorefrontPasswords(serializers.Serializer):
    old_password = password_field()
    new_password = new_password_field()
    new_password_confirm = serializers.CharField(trim_whitespace=False)
    confirmation, where, differ = "new_password_confirm", "new_password", "New passwords do not match"

    def validate_old_password(self, value):
        if not self.context["request"].user.check_password(value):
            raise serializers.ValidationError("Old password is incorrect")
        return value

    def validate(self, attrs):
        if attrs["new_password"] != attrs[self.confirmation]:
            raise serializers.ValidationError({self.where: self.differ})
        return attrs


class ServicesPasswords(StorefrontPasswords):
    new_password_confirm = None
    confirm_password = serializers.CharField(trim_whitespace=False)
    confirmation, where, differ = "confirm_password", "confirm_password", "Passwords do not match"


class ChangePassword(APIView):
    permission_classes = [IsAuthenticated]
    serializer_class = StorefrontPasswords
    message = "Password changed successfully"

    def post(self, request):
        serializer = self.serializer_class(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        request.user.set_password(serializer.validated_data["new_password"])
        request.user.save()
        return Response({"message": self.message})


# ---- profiles


class Profile(serializers.ModelSerializer):
    """services."""

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "phone_number",
            "city",
            "address",
            "postcode",
        ]

    username = username_field()
    email = email_field()


class StorefrontProfile(serializers.ModelSerializer):
    email = email_field(EMAIL_TAKEN)
    user_type = serializers.ReadOnlyField()

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "username",
            "first_name",
            "last_name",
            "user_type",
            "date_joined",
        ]
        read_only_fields = ["username", "date_joined"]

    def update(self, instance, validated_data):
        if "email" in validated_data:
            validated_data["username"] = validated_data["email"]
        return super().update(instance, validated_data)


class OwnProfile(RetrieveUpdateAPIView):
    permission_classes = [IsAuthenticated]
    serializer_class = StorefrontProfile

    def get_object(self):
        return self.request.user


class UpdateProfile(UpdateAPIView):
    """A PUT that changes what it names."""

    permission_classes = [IsAuthenticated]
    serializer_class = Profile

    def get_object(self):
        return self.request.user

    def update(self, request, *args, **kwargs):
        return super().update(request, *args, **{**kwargs, "partial": True})


class PlatformUser(UpdateProfile):
    def get_object(self):
        if self.kwargs["pk"] != self.request.user.pk:
            raise exceptions.NotFound("Not found.")
        return self.request.user

    class serializer_class(Profile):
        class Meta(Profile.Meta):
            fields = ["id", "username", "email", "first_name", "last_name"]
            read_only_fields = ["username"]

        username = serializers.CharField(read_only=True)
