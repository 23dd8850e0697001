//! Recording core/v1 Events as the client-side recorder does: a repeated event counts up instead of piling up.

use crate::json::{Value, json};

use crate::object;
use crate::resource::Resource;
use crate::schema;
use crate::world::{World, stamp};
use crate::write::Writer;

impl World {
    /// Records that something happened to `about` (a stored object of kind `resource`). `kind` is `Normal` or
    /// `Warning`; `component` is the reporting controller, such as `rollouts-controller`.
    pub(crate) fn event(
        &mut self,
        component: &str,
        (resource, about): (Resource, &Value),
        kind: &str,
        reason: &str,
        message: &str,
    ) {
        let ns = match object::namespace(about) {
            "" => "default",
            ns => ns,
        };
        let now = stamp(self.now());
        let by = Writer::named(component);
        let mut event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "", "namespace": ns},
            "involvedObject": {
                "kind": resource.info().kind, "namespace": object::namespace(about), "name": object::name(about),
                "uid": object::uid(about), "apiVersion": resource.api_version(),
                "resourceVersion": about["metadata"]["resourceVersion"],
            },
            "reason": reason, "message": message, "type": kind, "count": 1,
            "source": {"component": component}, "reportingComponent": component, "reportingInstance": "",
            "firstTimestamp": now, "lastTimestamp": now, "eventTime": null,
        });
        if let Some(known) = self.store.event_like(ns, &event) {
            let known = object::name(known).to_owned();
            // The event was just read from the store: counting it up cannot fail.
            let _ = self.modify(by, Resource::Event, ns, &known, |event| {
                event["count"] = json!(object::number(event, "/count", 1) + 1);
                event["lastTimestamp"] = json!(now);
            });
            return;
        }
        let draw = self.draw();
        let suffix = draw[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let name = format!("{}.{suffix:016x}", object::name(about));
        if schema::subdomain_fault(&name).is_none() {
            event["metadata"]["name"] = name.into();
            // A namespace that is going away takes no more events; upstream's recorder loses them too.
            let _ = self.create_admitted(by, Resource::Event, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Part;

    #[test]
    fn an_event_is_made_as_admission_would_leave_it() {
        let mut world = World::new(1, "2026-01-01T00:00:00.5Z".parse().unwrap());
        let about =
            json!({"metadata": {"name": "a", "namespace": "default", "uid": "1", "resourceVersion": "2"}});
        let namespace = world.store.get(Resource::Namespace, "", "default").cloned().unwrap();
        for (resource, about) in [(Resource::Rollout, &about), (Resource::Namespace, &*namespace)] {
            world.event("component", (resource, about), "Warning", "Reason", "said \"so\"");
            world.event("component", (resource, about), "Normal", "Other", "");
        }
        let events: Vec<_> = world.store.list(Resource::Event, "default").cloned().collect();
        assert_eq!(events.len(), 4);
        for event in events {
            let mut again = Value::clone(&event);
            schema::admit(&mut world, Resource::Event, Part::Main, &mut again, None).unwrap();
            assert_eq!(again.to_string(), event.to_string());
        }
    }

    #[test]
    fn an_event_that_cannot_be_named_is_lost() {
        let mut world = World::new(1, "2026-01-01T00:00:00Z".parse().unwrap());
        let about = json!({"metadata": {"name": "a".repeat(250), "namespace": "default", "uid": "1"}});
        world.event("component", (Resource::Rollout, &about), "Normal", "Reason", "");
        assert_eq!(world.store.list(Resource::Event, "").count(), 0);
    }
}
