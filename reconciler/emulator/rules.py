"""Dispatch rules: what the SIP service's methods do to them, in the order of SIP-SEMANTICS 41-45, holes included."""

from __future__ import annotations

from livekit.protocol import sip

from reconciler.emulator.changes import apply_attributes, apply_fields, apply_list
from reconciler.emulator.conflicts import RuleConflicts, trunk_filter
from reconciler.emulator.context import Context, Refused, copied, need, need_own_id
from reconciler.emulator.errors import TwirpError
from reconciler.emulator.facts import rule_facts
from reconciler.emulator.lists import Serialized, listed
from reconciler.emulator.state import Shelf
from reconciler.emulator.validation import check_list_update, check_rule

_MISSING = "requested sip dispatch rule does not exist"
_REQUIRED = "dispatch rule ID is required"
_FIELDS = ("rule", "name", "metadata", "media_encryption", "media")


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
        self._context.stamp(rule, None)
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
        key, action = request.sip_dispatch_rule_id, request.WhichOneof("action")
        with Refused():
            need(key, "rule id must be set")
            need(action, "missing or unsupported update action")
            if action == "replace":
                need_own_id(request.replace.sip_dispatch_rule_id, key, "rule")
                check_rule(request.replace, self._context.quirks)
            if request.update.HasField("trunk_ids"):
                check_list_update(request.update.trunk_ids)
        stored = self.shelf.get(key)
        if stored is None:
            raise TwirpError("not_found", _MISSING)
        created = stored.created_at
        rule = copied(request.replace) if action == "replace" else self._changed(stored, request)
        rule.sip_dispatch_rule_id = key
        self._conflicts.check(rule_facts(rule), key, rule.trunk_ids, self.shelf.facts)
        self._context.stamp(rule, created)
        self.store(rule)
        return rule

    def _changed(
        self, stored: sip.SIPDispatchRuleInfo, request: sip.UpdateSIPDispatchRuleRequest
    ) -> sip.SIPDispatchRuleInfo:
        rule = copied(stored)
        apply_list(rule, request.update, "trunk_ids")
        apply_fields(rule, request.update, self._context.quirks, *_FIELDS)
        apply_attributes(rule.attributes, request.update.attributes)
        with self._context.refused_update():
            check_rule(rule, self._context.quirks)
        return rule

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
