"""The Django application that the models belong to."""

from django.apps import AppConfig


class Shop(AppConfig):
    name = "apps"
    label = "shop"

    def import_models(self):
        import models

        self.models_module = models
        self.models = self.apps.all_models[self.label]
