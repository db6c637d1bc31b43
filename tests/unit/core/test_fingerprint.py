"""The fingerprint that recognises the same work."""

from types import MappingProxyType

from ml_action.core.fingerprint import fingerprint


def test_the_order_of_parts_and_the_kind_of_mapping_do_not_change_the_fingerprint():
    parts = {"data": ("a", "b"), "settings": MappingProxyType({"y": 1, "x": {"z": None}})}
    same = {"settings": {"x": {"z": None}, "y": 1}, "data": ["a", "b"]}
    assert fingerprint(parts) == fingerprint(same)
    assert len(fingerprint(parts)) == 64


def test_another_part_is_another_fingerprint():
    assert fingerprint({"data": ["a", "b"]}) != fingerprint({"data": ["b", "a"]})
    assert fingerprint({"data": 1}) != fingerprint({"data": "1"})
