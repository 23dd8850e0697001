//! Recording core/v1 Events as the client-side recorder does: a repeated event counts up instead of piling up.

use crate::json::{Value, json};

use crate::object;
use crate::resource::Resource;
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
        let suffix: String = draw[..8].iter().map(|b| format!("{b:02x}")).collect();
        event["metadata"]["name"] = json!(format!("{}.{suffix}", object::name(about)));
        // A namespace that is going away takes no more events; upstream's recorder loses them too.
        let _ = self.create(by, Resource::Event, event);
    }
}
