//! The status of an autoscaler: counts, what was measured, and conditions.

use crate::json::{Value, json};
use jiff::Timestamp;

use crate::controllers::time::stamp;
use crate::object::{number, text};

/// The types of conditions.
pub(super) const ABLE: &str = "AbleToScale";
pub(super) const ACTIVE: &str = "ScalingActive";
pub(super) const LIMITED: &str = "ScalingLimited";

/// The status as it is to be after a pass.
#[derive(Debug)]
pub(super) struct Status {
    value: Value,
    now: Timestamp,
}

impl Status {
    /// As it stands.
    pub(super) fn of(object: &Value, now: Timestamp) -> Status {
        let fields = object["status"].as_object().into_iter().flatten();
        let stated = fields.filter(|(_, value)| !value.is_null());
        Status {
            value: Value::Object(stated.map(|(name, value)| (name.clone(), value.clone())).collect()),
            now,
        }
    }

    /// Sets a condition. Its time is that at which it last became true or false.
    pub(super) fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let status = if holds { "True" } else { "False" };
        if !self.value["conditions"].is_array() {
            self.value["conditions"] = json!([]);
        }
        let Some(list) = self.value["conditions"].as_array_mut() else { return };
        let known = list.iter().position(|condition| text(condition, "/type") == kind);
        let same = known.and_then(|index| list.get(index)).filter(|known| text(known, "/status") == status);
        let since = same.map_or_else(|| json!(stamp(self.now)), |known| known["lastTransitionTime"].clone());
        let condition = json!({
            "type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
        });
        match known.and_then(|index| list.get_mut(index)) {
            Some(known) => *known = condition,
            None => list.push(condition),
        }
    }

    /// What was last wished for.
    pub(super) fn desired(&self) -> i64 {
        number(&self.value, "/desiredReplicas", 0)
    }

    /// Sets the counts and what was measured.
    pub(super) fn counts(&mut self, current: i64, desired: i64, measured: Vec<Value>) {
        self.value["currentReplicas"] = json!(current);
        self.value["desiredReplicas"] = json!(desired);
        match (measured.is_empty(), self.value.as_object_mut()) {
            (true, Some(fields)) => {
                fields.shift_remove("currentMetrics");
            }
            _ => self.value["currentMetrics"] = measured.into(),
        }
    }

    /// Notes that the target was scaled now.
    pub(super) fn rescaled(&mut self) {
        self.value["lastScaleTime"] = json!(stamp(self.now));
    }

    pub(super) fn into_value(self) -> Value {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_while_its_status_stays() {
        let at = |second: &str| format!("2026-01-01T00:00:{second}Z");
        let mut status = Status::of(&json!({}), at("01").parse().unwrap());
        status.set(ABLE, true, "SucceededGetScale", "a");
        status.now = at("02").parse().unwrap();
        status.set(ABLE, true, "ReadyForNewScale", "b");
        status.set(ACTIVE, false, "ScalingDisabled", "c");
        status.now = at("03").parse().unwrap();
        status.set(ACTIVE, true, "ValidMetricFound", "d");
        status.counts(1, 2, vec![json!({"type": ""})]);
        status.counts(1, 2, Vec::new());
        let value = status.into_value();
        assert_eq!(value["conditions"][0]["reason"], "ReadyForNewScale");
        assert_eq!(value["conditions"][0]["lastTransitionTime"], at("01"));
        assert_eq!(value["conditions"][1]["lastTransitionTime"], at("03"));
        assert!(value.get("currentMetrics").is_none());
    }
}
