//! Watches: a cursor in the change log that turns changes into events.

use std::collections::VecDeque;

use crate::json::{Value, json};
use jiff::{SignedDuration, Timestamp};

use super::render::{self, Form};
use super::route::{Query, Route};
use super::select::Selection;
use super::verbs::bad_version;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::{Change, ChangeKind, Object};
use crate::world::World;

/// How often a bookmark is sent, in virtual time.
const BOOKMARK_PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// One open watch.
#[derive(Debug)]
pub(crate) struct Watch {
    resource: Resource,
    ns: String,
    selection: Selection,
    form: Form,
    /// Changes up to this revision have been sent or are pending.
    seen: u64,
    /// Events that need no change: the initial state.
    pending: VecDeque<Value>,
    bookmarks: bool,
    next_bookmark: Timestamp,
    /// The moment at which the watch ends by itself.
    until: Option<Timestamp>,
    ended: bool,
}

/// What a poll found.
#[derive(Debug, PartialEq)]
pub(crate) struct Polled {
    pub(crate) events: Vec<Value>,
    /// The watch has ended: its time is over, or an error event was sent.
    pub(crate) ended: bool,
}

impl Watch {
    /// Opens a watch. Without a resourceVersion, or with 0, it begins with the present objects as `ADDED`.
    ///
    /// # Errors
    /// 400 or 422 for parameters that do not fit together, 504 for a resourceVersion of the future.
    pub(super) fn open(world: &World, route: Route, query: &Query, accept: &str) -> Result<Watch, Refusal> {
        if route.subresource.is_some() {
            return Err(Refusal::bad_request("a subresource cannot be watched"));
        }
        let form = Form::of(accept, query)?;
        let mut selection = Selection::of(query, route.resource)?;
        if let Some(name) = &route.name {
            selection = selection.and_name(name);
        }
        let present = world.store.revision();
        let now = world.now();
        let seconds: Option<i64> =
            query.get("timeoutSeconds").and_then(|t| t.parse().ok()).filter(|s| *s > 0);
        let mut watch = Watch {
            resource: route.resource,
            ns: route.ns,
            selection,
            form,
            seen: present,
            pending: VecDeque::new(),
            bookmarks: query.is("allowWatchBookmarks"),
            next_bookmark: now + BOOKMARK_PERIOD,
            until: seconds.and_then(|s| now.checked_add(SignedDuration::from_secs(s)).ok()),
            ended: false,
        };
        let version = query.get("resourceVersion");
        let asked: u64 = version
            .unwrap_or("0")
            .parse()
            .map_err(|_| Refusal::new(500, "", bad_version(version.unwrap_or_default())))?;
        if asked > present {
            let message = format!("Timeout: Too large resource version: {asked}, current: {present}");
            return Err(Refusal::new(504, "Timeout", message));
        }
        match initial(query)? {
            Some(true) => watch.start_with_state(world, true),
            Some(false) if asked == 0 => {}
            None if asked == 0 => watch.start_with_state(world, false),
            _ => watch.seen = asked,
        }
        Ok(watch)
    }

    fn start_with_state(&mut self, world: &World, end_mark: bool) {
        let chosen: Vec<Object> =
            world.store.list(self.resource, &self.ns).filter(|o| self.selection.holds(o)).cloned().collect();
        let events = chosen.iter().map(|o| self.event(world, "ADDED", o));
        self.pending = events.collect();
        if end_mark {
            let mut mark = self.bookmark();
            mark["object"]["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
            self.pending.push_back(mark);
        }
    }

    fn event(&self, world: &World, kind: &str, object: &Object) -> Value {
        json!({"type": kind, "object": render::one(world, self.resource, self.form, object)})
    }

    fn bookmark(&self) -> Value {
        let info = self.resource.info();
        let metadata = json!({"resourceVersion": self.seen.to_string(), "creationTimestamp": null});
        let object =
            json!({"kind": info.kind, "apiVersion": self.resource.api_version(), "metadata": metadata});
        json!({"type": "BOOKMARK", "object": object})
    }

    /// The events since the last poll.
    pub(crate) fn poll(&mut self, world: &World) -> Polled {
        if self.ended {
            return Polled { events: Vec::new(), ended: true };
        }
        let mut events: Vec<Value> = self.pending.drain(..).collect();
        match world.store.changes_after(self.seen) {
            Some(changes) => {
                let mine = changes.filter_map(|change| self.judge(change).map(|kind| (kind, change)));
                let found: Vec<Value> =
                    mine.map(|(kind, change)| self.event_of(world, kind, change)).collect();
                events.extend(found);
                self.seen = world.store.revision();
            }
            None => {
                let message = format!("too old resource version: {} ({})", self.seen, world.store.revision());
                let status = Refusal::new(410, "Expired", message).to_status();
                events.push(json!({"type": "ERROR", "object": status}));
                self.ended = true;
            }
        }
        if self.bookmarks && !self.ended && world.now() >= self.next_bookmark {
            self.next_bookmark = world.now() + BOOKMARK_PERIOD;
            events.push(self.bookmark());
        }
        self.ended |= self.until.is_some_and(|until| world.now() >= until);
        Polled { events, ended: self.ended }
    }

    /// What a change is to this watch: an object that no longer fits the selection is gone for it.
    fn judge(&self, change: &Change) -> Option<ChangeKind> {
        if change.resource != self.resource
            || !(self.ns.is_empty() || object::namespace(&change.object) == self.ns)
        {
            return None;
        }
        let before = change.before.as_ref().is_some_and(|o| self.selection.holds(o));
        let after = change.kind != ChangeKind::Deleted && self.selection.holds(&change.object);
        match (before, after) {
            (false, true) => Some(ChangeKind::Added),
            (true, true) => Some(ChangeKind::Modified),
            (true, false) => Some(ChangeKind::Deleted),
            (false, false) => None,
        }
    }

    fn event_of(&self, world: &World, kind: ChangeKind, change: &Change) -> Value {
        match kind {
            ChangeKind::Added => self.event(world, "ADDED", &change.object),
            ChangeKind::Modified => self.event(world, "MODIFIED", &change.object),
            ChangeKind::Deleted => {
                // The last state that fitted, under the version of the change that ended it.
                let last = change.before.as_ref().unwrap_or(&change.object);
                let mut json = Value::clone(last);
                json["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                self.event(world, "DELETED", &Object::with(json, last.managers().clone()))
            }
        }
    }
}

/// `sendInitialEvents`, which needs its companions.
fn initial(query: &Query) -> Result<Option<bool>, Refusal> {
    let matching = query.get("resourceVersionMatch");
    let forbidden = |why: &str| {
        Err(Refusal::new(422, "Invalid", format!("ListOptions.meta.k8s.io \"\" is invalid: {why}")))
    };
    match (query.get("sendInitialEvents"), matching) {
        (None, None) => Ok(None),
        (None, Some(_)) => forbidden(
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), Some("NotOlderThan")) => {
            let asked = query.is("sendInitialEvents");
            if asked && !query.is("allowWatchBookmarks") {
                return Err(Refusal::bad_request(
                    "sendInitialEvents without allowWatchBookmarks would never say where they end",
                ));
            }
            Ok(Some(asked))
        }
        (Some(_), None) => forbidden(
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (Some(_), Some(_)) => {
            forbidden("resourceVersionMatch: Unsupported value: supported values: \"NotOlderThan\"")
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::fields::Managers;

    const MAPS: &str = "/api/v1/namespaces/default/configmaps";

    fn world() -> World {
        World::new(7, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    fn call(world: &mut World, method: &str, uri: &str, body: &Value) {
        let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = Request::builder().method(method).uri(uri).header("content-type", media);
        let answer = world.handle(&request.body(body.to_string().into_bytes()).unwrap());
        assert!(answer.status().is_success(), "{}", String::from_utf8_lossy(answer.body()));
    }

    fn put(world: &mut World, name: &str, app: &str) {
        let body = json!({"metadata": {"name": name, "labels": {"app": app}}});
        match world.store.get(Resource::ConfigMap, "default", name) {
            None => call(world, "POST", MAPS, &body),
            Some(_) => call(world, "PATCH", &format!("{MAPS}/{name}"), &body),
        }
    }

    fn open(world: &World, query: &str) -> Result<Watch, Refusal> {
        let request = Request::builder().uri(format!("{MAPS}?watch=1&{query}")).body(Vec::new()).unwrap();
        world.watch_of(&request).unwrap()
    }

    /// `TYPE name` of every event; a bookmark shows whether it ends the initial events.
    fn spell(polled: &Polled) -> Vec<String> {
        let each = |event: &Value| {
            let object = &event["object"];
            let end = object.pointer("/metadata/annotations/k8s.io~1initial-events-end").is_some();
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or(if end {
                "end"
            } else {
                ""
            });
            format!("{} {name}", event["type"].as_str().unwrap_or_default()).trim_end().to_owned()
        };
        polled.events.iter().map(each).collect()
    }

    #[test]
    fn where_a_watch_begins() {
        let mut world = world();
        put(&mut world, "a", "x");
        put(&mut world, "b", "y");
        let now = world.store.revision();
        let cases = [
            (String::new(), vec!["ADDED a", "ADDED b"]),
            ("resourceVersion=0".into(), vec!["ADDED a", "ADDED b"]),
            ("labelSelector=app%3Dy".into(), vec!["ADDED b"]),
            ("fieldSelector=metadata.name%3Da".into(), vec!["ADDED a"]),
            (format!("resourceVersion={now}"), vec![]),
            (format!("resourceVersion={}", now - 1), vec!["ADDED b"]),
            (
                "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true".into(),
                vec!["ADDED a", "ADDED b", "BOOKMARK end"],
            ),
            ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan".into(), vec![]),
        ];
        for (query, want) in cases {
            assert_eq!(spell(&open(&world, &query).unwrap().poll(&world)), want, "{query}");
        }
        for (query, code) in [
            ("sendInitialEvents=true", 422),
            ("sendInitialEvents=true&resourceVersionMatch=Exact", 422),
            ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 400),
            ("resourceVersionMatch=NotOlderThan", 422),
            ("resourceVersion=abc", 500),
            ("resourceVersion=99999", 504),
            ("labelSelector=%3D%3D", 400),
        ] {
            assert_eq!(open(&world, query).unwrap_err().code, code, "{query}");
        }
    }

    #[test]
    fn what_leaves_the_selection_is_gone_and_what_enters_it_is_new() {
        let mut world = world();
        put(&mut world, "a", "x");
        let mut watch = open(&world, "labelSelector=app%3Dx&resourceVersion=0").unwrap();
        assert_eq!(spell(&watch.poll(&world)), ["ADDED a"]);
        for app in ["y", "z", "x", "x"] {
            put(&mut world, "a", app);
        }
        put(&mut world, "other", "y");
        call(&mut world, "DELETE", &format!("{MAPS}/a"), &json!({}));
        let polled = watch.poll(&world);
        assert_eq!(spell(&polled), ["DELETED a", "ADDED a", "DELETED a"]);
        assert_eq!(
            polled.events[0]["object"]["metadata"]["labels"]["app"], "x",
            "its last state that fitted"
        );
        let versions: Vec<&str> =
            polled.events.iter().map(|e| object::text(e, "/object/metadata/resourceVersion")).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        assert_eq!(watch.poll(&world).events, Vec::<Value>::new());
    }

    #[test]
    fn bookmarks_timeouts_and_compaction() {
        let mut world = world();
        let mut watch = open(&world, "resourceVersion=2&allowWatchBookmarks=true&timeoutSeconds=90").unwrap();
        watch.poll(&world);
        let later = |world: &World, seconds| world.now() + SignedDuration::from_secs(seconds);
        let to = later(&world, 61);
        world.advance_to(to);
        let polled = watch.poll(&world);
        assert_eq!((spell(&polled), polled.ended), (vec!["BOOKMARK".to_owned()], false));
        let to = later(&world, 30);
        world.advance_to(to);
        assert!(watch.poll(&world).ended);

        put(&mut world, "a", "x");
        let old = world.store.revision();
        for n in 0..4100 {
            let data =
                json!({"metadata": {"name": "a", "namespace": "default"}, "data": {"n": n.to_string()}});
            world.store.put(Resource::ConfigMap, data, Managers::default());
        }
        let polled = open(&world, &format!("resourceVersion={old}")).unwrap().poll(&world);
        assert!(polled.ended);
        assert_eq!(polled.events[0]["object"]["code"], 410);
        assert_eq!(polled.events[0]["object"]["reason"], "Expired");
    }
}
