"""Functions that are BigQuery's and not here, each with its reason: refused, never answered in another way."""

_WAY = "leave it out of queries that run here"
_SKETCH = (
    "a sketch of another engine cannot be read or written here: its bytes are not documented",
    "use COUNT(DISTINCT x), or APPROX_COUNT_DISTINCT(x)",
)
_KEYS = ("encryption takes Google's keysets, which are not here", _WAY)
_SHAPE = (
    "shapes are not cut and joined here; points, distances and containment are",
    "use ST_DISTANCE, ST_DWITHIN, ST_CONTAINS",
)
_CELLS = ("S2 cells are not computed here", "use ST_GEOHASH")

REASONS: dict[str, tuple[str, str]] = {
    "AEAD.*": _KEYS,
    "DETERMINISTIC_ENCRYPT": _KEYS,
    "DETERMINISTIC_DECRYPT_BYTES": _KEYS,
    "DETERMINISTIC_DECRYPT_STRING": _KEYS,
    "DLP_DETERMINISTIC_ENCRYPT": _KEYS,
    "DLP_DETERMINISTIC_DECRYPT": _KEYS,
    "DLP_KEY_CHAIN": _KEYS,
    "KEYS.*": _KEYS,
    "HLL_COUNT.*": _SKETCH,
    "KLL_QUANTILES.*": _SKETCH,
    "OBJ.*": ("objects of Cloud Storage are not here", _WAY),
    "EXTERNAL_QUERY": ("other databases are not reached from a query", "open them as a table: see docs/data.md"),
    "VECTOR_SEARCH": ("there are no vector indexes here", "order by COSINE_DISTANCE or EUCLIDEAN_DISTANCE, and LIMIT"),
    "APPENDS": ("tables here keep no history of changes", _WAY),
    "CHANGES": ("tables here keep no history of changes", _WAY),
    "TF_IDF": ("TF_IDF over rows is ML.TF_IDF here", "write ML.TF_IDF(tokens) OVER ()"),
    **dict.fromkeys(
        ("ML.DECODE_IMAGE", "ML.RESIZE_IMAGE", "ML.CONVERT_COLOR_SPACE", "ML.CONVERT_IMAGE_TYPE"),
        ("images are not read here", "turn them into columns of numbers first"),
    ),
    "ST_REGIONSTATS": ("Earth Engine is not reached from here", _WAY),
    "S2_CELLIDFROMPOINT": _CELLS,
    "S2_COVERINGCELLIDS": _CELLS,
    "NET.PUBLIC_SUFFIX": ("the list of public suffixes is not here", "use NET.HOST and REGEXP_EXTRACT"),
    "NET.REG_DOMAIN": ("the list of public suffixes is not here", "use NET.HOST and REGEXP_EXTRACT"),
    **dict.fromkeys(
        (
            "ST_BOUNDARY", "ST_BUFFER", "ST_BUFFERWITHTOLERANCE", "ST_CLUSTERDBSCAN", "ST_CONVEXHULL", "ST_DIFFERENCE",
            "ST_HAUSDORFFDISTANCE", "ST_HAUSDORFFDWITHIN", "ST_INTERSECTION", "ST_LINESUBSTRING", "ST_MAKEPOLYGONORIENTED",
            "ST_SIMPLIFY", "ST_SNAPTOGRID", "ST_TOUCHES", "ST_UNION", "ST_UNION_AGG", "ST_CENTROID_AGG", "ST_EXTENT",
            "ST_CLOSESTPOINT", "ST_LINELOCATEPOINT", "ST_LINEINTERPOLATEPOINT",
        ),
        _SHAPE,
    ),
}  # fmt: skip
