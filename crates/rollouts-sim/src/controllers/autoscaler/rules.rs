//! `spec.behavior` of an autoscaler: for each direction a window and policies. All defaults but one are the API
//! server's.

use std::time::Duration;

use crate::json::Value;

use crate::object::{items, number, text};

/// The rules of one direction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rules {
    pub(super) window: Duration,
    pub(super) select: Select,
    pub(super) policies: Vec<Policy>,
}

/// Which of the policies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Select {
    /// The one that lets most change.
    Max,
    /// The one that lets least change.
    Min,
    /// None: nothing changes in this direction.
    Disabled,
}

/// How much may change within a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Policy {
    percent: bool,
    value: i64,
    pub(super) period: Duration,
}

impl Rules {
    /// Reads the rules of a direction, whose window is `window` where they say none.
    pub(super) fn of(rules: &Value, window: Duration) -> Rules {
        let stated = rules["stabilizationWindowSeconds"].as_u64();
        Rules {
            window: stated.map_or(window, Duration::from_secs),
            select: match text(rules, "/selectPolicy") {
                "Disabled" => Select::Disabled,
                "Min" => Select::Min,
                _ => Select::Max,
            },
            policies: items(rules, "/policies").map(Policy::of).collect(),
        }
    }
}

impl Policy {
    fn of(policy: &Value) -> Policy {
        let period = u64::try_from(number(policy, "/periodSeconds", 0)).unwrap_or(0);
        Policy {
            percent: text(policy, "/type") == "Percent",
            value: number(policy, "/value", 0),
            period: Duration::from_secs(period),
        }
    }

    /// As far as replicas that were `before` may go, up (1) or down (-1). Parts of a replica go up: else one replica
    /// and half of it more would never be two.
    pub(super) fn step(&self, before: i64, direction: i64) -> i64 {
        if !self.percent {
            return before + direction * self.value;
        }
        let hundredths = before * (100 + direction * self.value);
        if direction > 0 { -(-hundredths).div_euclid(100) } else { hundredths / 100 }
    }
}
