"""Dispatch rules: what the SIP service's methods do to them, in the order of SIP-SEMANTICS 41-45, holes included."""

from __future__ import annotations

from livekit.protocol import sip

from reconciler.emulator.conflicts import RuleConflicts, trunk_filter
from reconciler.emulator.context import Context, Refused, copied, need
from reconciler.emulator.facts import rule_facts
from reconciler.emulator.lists import Serialized, listed
from reconciler.emulator.state import Shelf
from reconciler.emulator.updating import Updating
from reconciler.emulator.validation import check_rule

_MISSING = "requested sip dispatch rule does not exist"
_REQUIRED = "dispatch rule ID is required"
_UPDATING = Updating(
    noun="rule",
    id_field="sip_dispatch_rule_id",
    missing=_MISSING,
    lists=("trunk_ids",),
    fields=("rule", "name", "metadata", "media_encryption", "media"),
    check=check_rule,
    has_attributes=True,
)


class DispatchRules:
    """The dispatch rules of a project."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.shelf = Shelf(sip.SIPDispatchRuleInfo, rule_facts)
        self._conflicts = RuleConflicts(context.quirks)

    def store(self, rule: sip.SIPDispatchRuleInfo) -> None:
        """Store a rule as it is; nothing is checked."""
        self.shelf.put(rule.sip_dispatch_rule_id, rule)
        self._conflicts.store(rule.sip_dispatch_rule_id, rule_facts(rule))

    def clear(self) -> None:
        """Forget all rules."""
        self.shelf.clear()
        self._conflicts.clear()

    def create(self, request: sip.CreateSIPDispatchRuleRequest) -> sip.SIPDispatchRuleInfo:
        """CreateSIPDispatchRule, in the shape of an object or in the flat one (SIP-SEMANTICS 41)."""
        quirks = self._context.quirks
        is_object = request.HasField("dispatch_rule") and quirks.knows(
            request.DESCRIPTOR.name, "dispatch_rule"
        )
        rule = copied(request.dispatch_rule) if is_object else self._flat(request)
        with Refused():
            need(not rule.sip_dispatch_rule_id, "rule id must not be set")
            check_rule(rule, quirks)
        # The rules to compare with are listed by the flat field, whichever shape is used.
        self._conflicts.check(rule_facts(rule), "", request.trunk_ids, self.shelf.facts)
        rule.sip_dispatch_rule_id = self._context.new_id("SDR_")
        self.store(rule)
        return rule

    def _flat(self, request: sip.CreateSIPDispatchRuleRequest) -> sip.SIPDispatchRuleInfo:
        """The rule of a flat request, which has no `numbers` (SIP-SEMANTICS 41)."""
        rule = sip.SIPDispatchRuleInfo(
            trunk_ids=request.trunk_ids,
            inbound_numbers=request.inbound_numbers,
            hide_phone_number=request.hide_phone_number,
            name=request.name,
            metadata=request.metadata,
            attributes=request.attributes,
        )
        if self._context.quirks.flat_rule_has_preset:
            rule.room_preset = request.room_preset
        if request.HasField("rule"):
            rule.rule.CopyFrom(request.rule)
        if request.HasField("room_config"):
            rule.room_config.CopyFrom(request.room_config)
        return rule

    def update(self, request: sip.UpdateSIPDispatchRuleRequest) -> sip.SIPDispatchRuleInfo:
        """UpdateSIPDispatchRule (SIP-SEMANTICS 42-44)."""
        new = _UPDATING.updated(self._context, self.shelf, request)
        self._conflicts.check(rule_facts(new.info), new.key, new.info.trunk_ids, self.shelf.facts)
        self.store(new.info)
        return new.info

    def list(self, request: sip.ListSIPDispatchRuleRequest) -> Serialized:
        """ListSIPDispatchRule, by ids and by `trunk_ids`; wildcard rules serve every trunk."""
        ids, match = set(request.dispatch_rule_ids), trunk_filter(request.trunk_ids)
        keys = listed(
            self.shelf, request, lambda key, facts: (not ids or key in ids) and match(facts)
        )
        return Serialized(sip.ListSIPDispatchRuleResponse, [self.shelf.raw(key) for key in keys])

    def delete(self, request: sip.DeleteSIPDispatchRuleRequest) -> sip.SIPDispatchRuleInfo:
        """DeleteSIPDispatchRule; the rule must exist (SIP-SEMANTICS 45)."""
        key = request.sip_dispatch_rule_id
        rule = self._context.find(self.shelf, key, required=_REQUIRED, missing=_MISSING)
        self.shelf.remove(key)
        self._conflicts.forget(key)
        return rule
