"""Which live object is which listed one: name, id, renamed_from, owns."""

from __future__ import annotations

from reconciler.core.objects import Desired, Live
from reconciler.core.ownership import Matched, is_owned, match

KIND = "dispatch_rule"


def _live(name: str, identifier: str) -> Live:
    return Live(KIND, identifier, name, {})


def _match(desired: list[Desired], live: list[Live], owns: tuple[str, ...] = ()) -> Matched:
    return match(desired, live, owns, "sip.dispatch_rules")


def test_the_name_is_the_identity() -> None:
    """Objects of one name are one object; the rest is new, or unlisted."""
    found = _match(
        [Desired(KIND, "a", {}), Desired(KIND, "b", {})], [_live("a", "1"), _live("c", "2")]
    )
    assert [(one.name, lives.id if lives else None) for one, lives in found.pairs] == [
        ("a", "1"),
        ("b", None),
    ]
    assert [one.id for one in found.unlisted] == ["2"]
    assert found.findings == ()


def test_an_id_pins_an_object_whatever_its_name() -> None:
    """A pinned object is found by id alone, and no other entry of the file gets it by its name."""
    found = _match(
        [Desired(KIND, "mine", {}, id="7"), Desired(KIND, "theirs", {})], [_live("theirs", "7")]
    )
    assert [(one.name, lives.id if lives else None) for one, lives in found.pairs] == [
        ("mine", "7"),
        ("theirs", None),
    ]


def test_a_pinned_id_that_does_not_live_is_an_error() -> None:
    """A wrong id creates nothing."""
    found = _match([Desired(KIND, "mine", {}, id="7")], [])
    assert [finding.code for finding in found.findings] == ["id-not-found"]
    assert found.pairs == ()


def test_renamed_from_finds_the_former_name_once() -> None:
    """A rename takes the object of the former name, and does nothing when the new name lives."""
    desired = [Desired(KIND, "new", {}, renamed_from="old")]
    before = _match(desired, [_live("old", "1")])
    assert before.pairs[0].live == _live("old", "1")
    after = _match(desired, [_live("new", "1")])
    assert after.pairs[0].live == _live("new", "1")
    assert before.findings == after.findings == ()


def test_both_names_of_a_rename_live_is_an_error_with_both_ids() -> None:
    """Nobody can know which of the two is meant."""
    found = _match(
        [Desired(KIND, "new", {}, renamed_from="old")], [_live("old", "1"), _live("new", "2")]
    )
    (finding,) = found.findings
    assert finding.code == "rename-both-live"
    assert "1" in finding.message
    assert "2" in finding.message


def test_two_live_objects_of_one_name_is_an_error_with_both_ids() -> None:
    """An ambiguous name touches neither of them, and reports neither as unlisted."""
    found = _match([Desired(KIND, "a", {})], [_live("a", "1"), _live("a", "2")])
    (finding,) = found.findings
    assert finding.code == "ambiguous-name"
    assert "1, 2" in finding.message
    assert found.pairs == ()
    assert found.unlisted == ()


def test_pinning_one_of_two_leaves_the_other_unlisted() -> None:
    """With id the duplicate is told apart."""
    found = _match([Desired(KIND, "a", {}, id="1")], [_live("a", "1"), _live("a", "2")])
    assert found.pairs[0].live == _live("a", "1")
    assert [one.id for one in found.unlisted] == ["2"]


def test_owns_leaves_foreign_names_out_of_sight() -> None:
    """Unlisted objects outside the globs are somebody else's; without globs every one is ours."""
    live = [_live("prod-a", "1"), _live("test-a", "2"), _live("", "3")]
    found = _match([], live, ("prod-*",))
    assert [one.id for one in found.unlisted] == ["1"]
    assert is_owned("anything", ())
    assert not is_owned("PROD-a", ("prod-*",))
