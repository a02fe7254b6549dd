"""Rows that are written once: what happened, who saw what, what was agreed to.

Every way of the ORM is closed: through the rows, sets of them, related managers, Django's own base
manager, fixtures, and deletion together with what a row points to. What is left open is SQL of one's own,
and a bare ``models.QuerySet`` made by hand: nobody does either by mistake.
"""

from typing import Any, NoReturn

from django.db import models
from django.db.models.signals import class_prepared, pre_delete
from django.dispatch import receiver


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that are written once. Neither one of them nor a set of them changes or goes."""

    def update(self, **changes: Any) -> NoReturn:
        _refuse(self.model, "changed")

    # Where ``Model.save`` and a related manager's ``add`` end up.
    def _update(self, values: Any) -> NoReturn:
        _refuse(self.model, "changed")

    def delete(self) -> NoReturn:
        _refuse(self.model, "deleted")

    def _raw_delete(self, using: str | None) -> NoReturn:
        _refuse(self.model, "deleted")

    def bulk_create(
        self,
        objs: Any,
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        *args: Any,
        **options: Any,
    ) -> Any:
        if update_conflicts:
            _refuse(self.model, "changed")
        return super().bulk_create(objs, batch_size, ignore_conflicts, False, *args, **options)


class AppendOnlyModel(models.Model):
    unchanging = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        # What Django itself uses behind the scenes, also for models that have managers of their own. The one
        # it would make for itself lets everything through.
        base_manager_name = "unchanging"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse(type(self), "changed")
        # Without this a new row that is given the number of an old one would be written over that.
        super().save(*args, **{**kwargs, "force_insert": True})

    def _do_update(self, *args: Any) -> bool:
        """No row is ever there to be updated: what loads a fixture inserts instead, or fails."""
        return False

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(type(self), "deleted")


def _refuse(model: type[models.Model], verb: str) -> NoReturn:
    raise TypeError(f"A row of {model.__name__} is never {verb}.")


@receiver(class_prepared, dispatch_uid="clinic_site.core.append_only")
def _protect(sender: type[models.Model], **kwargs: Any) -> None:
    """Have Django ask before it deletes rows of such a model together with others."""
    if issubclass(sender, AppendOnlyModel):
        pre_delete.connect(_refuse_to_delete, sender=sender)


def _refuse_to_delete(sender: type[models.Model], **kwargs: Any) -> NoReturn:
    _refuse(sender, "deleted")
