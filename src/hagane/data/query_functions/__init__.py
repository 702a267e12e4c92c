"""Python functions that rewritten queries call: name → where it is. `add_query_functions` puts them on a connection."""

QUERY_FUNCTIONS: dict[str, str] = {
    f"hagane_{name}": f"hagane.data.query_functions.{module}"
    for module, names in {
        "texts": (
            "lower upper initcap translate soundex edit_distance instr contains_substr normalize "
            "normalize_and_casefold code_points_to_string text_analyze search regexp_instr session_user"
        ),
        "octets": (
            "utf8 utf8_replaced code_points_to_bytes bytes_to_code_points from_base32 to_base32 lower_bytes "
            "upper_bytes trim_bytes ltrim_bytes rtrim_bytes lpad_bytes rpad_bytes split_bytes instr_bytes "
            "replace_bytes reverse_bytes regexp_contains_bytes sha512 sha512_bytes farm_fingerprint "
            "farm_fingerprint_bytes"
        ),
        "documents": (
            "json_query json_value json_query_array json_value_array json_bool json_int64 json_float64 "
            "json_string json_bool_array json_int64_array json_float64_array json_string_array lax_bool lax_int64 "
            "lax_float64 lax_string parse_json json_type json_object json_set json_array_append json_array_insert "
            "json_remove json_strip_nulls json_flatten json_keys json_text json_quoted quoted quoted_bytes "
            "shown_bytes printf_integer printf_float"
        ),
        "geography": (
            "st_geogfromtext st_geogfromgeojson st_geogfromwkb st_geogpointfromgeohash st_asgeojson st_asbinary "
            "st_geohash st_x st_y st_area st_length st_perimeter st_distance st_maxdistance st_azimuth st_angle "
            "st_covers st_contains st_intersects st_equals st_intersectsbox st_dimension st_geometrytype "
            "st_isempty st_isclosed st_iscollection st_isring st_numpoints st_numgeometries st_pointn "
            "st_startpoint st_endpoint st_centroid st_exteriorring st_interiorrings st_dump st_dumppoints "
            "st_makeline st_makepolygon st_boundingbox"
        ),
        "network": (
            "net_host net_ip_from_string net_ip_net_mask net_ip_to_string net_ip_trunc net_ipv4_from_int64 "
            "net_ipv4_to_int64"
        ),
        "decimals": "numeric_divide numeric_multiply numeric_round parse_numeric",
        "times": (
            "read_date read_datetime read_time read_timestamp read_timestamp_in timestamp_text parse_date "
            "parse_datetime parse_time parse_timestamp parse_interval justify interval_divide"
        ),
    }.items()
    for name in names.split()
} | {"hagane_tfdv_validate": "hagane.monitoring.query_functions"}
"""Behind each also `…_safe`, which gives NULL where it would raise."""
