"""`fitted_model`: what a bundle's model learned, made again from the parameters that it left."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.bundle.bundle import Bundle
from hagane.data.table import Table
from hagane.errors import BundleError, Fault
from hagane.features.encoder import EncodedTensors, Encoder
from hagane.features.transform import Transform
from hagane.models import get_family
from hagane.models.family import FittedModel, RestorableFamily
from hagane.models.warm_start import PREFIX
from hagane.workflow.batch_scorer import TRANSFORM_NAME


def fitted_model(bundle: Bundle) -> FittedModel:
    """The model of a family without a label, which says of rows more than its graph answers.

    Raises BundleError where the family cannot be made again, or left nothing.
    """
    family = get_family(bundle.signature.model_type)
    if not isinstance(family, RestorableFamily):
        raise BundleError(Fault(what=f"a {family.name} is not made again from its bundle", where=str(bundle.folder)))
    left = [name for name in bundle.manifest.files if name.startswith(PREFIX)]
    return family.restore({name: bundle.document(name) for name in left}, transform_of_bundle(bundle).features)


def transform_of_bundle(bundle: Bundle) -> Transform:
    """The fitted features of a bundle that training wrote."""
    return Transform.from_json(bundle.document(TRANSFORM_NAME))


def encoded_rows(bundle: Bundle, table: Table) -> Iterator[EncodedTensors]:
    """The features of the table's rows, batch by batch, in order; the table has the types that the model wants."""
    encoder = Encoder(transform_of_bundle(bundle))
    for batch in table.batches(bundle.signature.names, dictionary=True):
        yield encoder.encode_batch(batch)
