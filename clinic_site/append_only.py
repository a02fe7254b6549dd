"""Rows that are written once: what happened, who saw what, what was agreed to."""

from typing import Any, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that are written once. Neither one of them nor a set of them changes or goes."""

    def update(self, **changes: Any) -> NoReturn:
        raise TypeError(f"A row of {self.model.__name__} is never changed.")

    def delete(self) -> NoReturn:
        raise TypeError(f"A row of {self.model.__name__} is never deleted.")

    def bulk_create(self, objs: Any, *args: Any, **options: Any) -> Any:
        if options.get("update_conflicts"):
            raise TypeError(f"A row of {self.model.__name__} is never changed.")
        return super().bulk_create(objs, *args, **options)


class AppendOnlyModel(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"A row of {type(self).__name__} is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"A row of {type(self).__name__} is never deleted.")
