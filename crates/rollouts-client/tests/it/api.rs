//! A small API server in memory, with a controller and with faults, for what the client does about them.
//!
//! It knows objects, lists, patches and generations, and ignores selectors. The simulator proper, which
//! knows the rest, has its own tests.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::client::Body;
use rollouts_client::client::Rollouts;
use rollouts_client::pace::Pace;
use serde::Serialize;
use serde_json::{Value, json};

/// Objects by path.
pub(crate) type Objects = BTreeMap<String, Value>;

/// What happens to one patch.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// Carried out, and seen by the controller; the answer gets lost.
    AnswerLost,
    /// Not carried out, and answered with a status.
    Status(u16),
    /// Not carried out, and never answered.
    Hangs,
    /// The Rollout moves to another version before it arrives.
    Overtaken,
    /// The same, and no answer comes from it.
    OvertakenUnheard,
}

type Controller = Box<dyn Fn(&mut Objects) + Send>;

struct World {
    objects: Objects,
    faults: VecDeque<Fault>,
    read_faults: u32,
    controller: Controller,
    now: Timestamp,
}

/// The API server. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Api(Arc<Mutex<World>>);

pub(crate) const ROLLOUT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/app";
pub(crate) const ACTIVE: &str = "/api/v1/namespaces/shop/services/app-active";

impl Api {
    /// With these objects, and a controller that looks whenever time passes.
    pub(crate) fn new(objects: Objects, controller: impl Fn(&mut Objects) + Send + 'static) -> Self {
        let now = "2026-01-01T01:00:00Z".parse().expect("a time");
        let controller = Box::new(controller);
        let world = World { objects, faults: VecDeque::new(), read_faults: 0, controller, now };
        Api(Arc::new(Mutex::new(world)))
    }

    /// The next patches meet these faults, one each.
    pub(crate) fn faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.world().faults.extend(faults);
        self
    }

    /// The next reads are answered with 503.
    pub(crate) fn read_faults(self, count: u32) -> Self {
        self.world().read_faults = count;
        self
    }

    pub(crate) fn object(&self, path: &str) -> Value {
        self.world().objects.get(path).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn rollouts(&self) -> Rollouts {
        let api = self.clone();
        let service = tower::service_fn(move |request| api.clone().answer(request));
        Rollouts::new(kube::Client::new(service, "shop"), "shop")
            .with_pace(Arc::new(self.clone()))
            .with_deadline(Duration::from_secs(5))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no panic while held")
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let path = head.uri.path().trim_end_matches("/status").to_owned();
        let (status, answer) = if head.method == Method::GET {
            self.read(&path)
        } else {
            let kind =
                head.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let fault = self.world().faults.pop_front();
            if matches!(fault, Some(Fault::Hangs)) {
                std::future::pending::<()>().await;
            }
            self.patch(&path, kind, &body, fault)
        };
        let body = Body::from(serde_json::to_vec(&answer).expect("JSON"));
        Ok(Response::builder().status(status).body(body).expect("a response"))
    }

    fn read(&self, path: &str) -> (u16, Value) {
        let mut world = self.world();
        if world.read_faults > 0 {
            world.read_faults -= 1;
            return refused(503);
        }
        if let Some(object) = world.objects.get(path) {
            return (200, object.clone());
        }
        // Plurals end in an s, names of objects here do not.
        let collection = path.ends_with('s');
        let below = format!("{path}/");
        let items: Vec<_> = world
            .objects
            .iter()
            .filter(|(path, _)| path.starts_with(&below))
            .map(|(_, o)| o.clone())
            .collect();
        if collection {
            (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
        } else {
            refused(404)
        }
    }

    fn patch(&self, path: &str, kind: &str, body: &[u8], fault: Option<Fault>) -> (u16, Value) {
        let mut world = self.world();
        let Some(object) = world.objects.get_mut(path) else { return refused(404) };
        match fault {
            Some(Fault::Status(status)) => return refused(status),
            Some(Fault::Overtaken) => object["status"]["currentPodHash"] = json!("h9"),
            Some(Fault::OvertakenUnheard) => {
                object["status"]["currentPodHash"] = json!("h9");
                return refused(503);
            }
            _ => {}
        }
        let before = object["spec"].clone();
        if kind == "application/json-patch+json" {
            let patch: json_patch::Patch = serde_json::from_slice(body).expect("a JSON patch");
            if json_patch::patch(object, &patch).is_err() {
                return refused(422);
            }
        } else {
            let patch: Value = serde_json::from_slice(body).expect("a merge patch");
            json_patch::merge(object, &patch);
        }
        if object["spec"] != before && object["metadata"]["generation"].is_number() {
            object["metadata"]["generation"] =
                json!(object["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
        }
        match fault {
            Some(Fault::AnswerLost) => {
                let World { objects, controller, .. } = &mut *world;
                controller(objects);
                refused(504)
            }
            _ => (200, object.clone()),
        }
    }
}

fn refused(status: u16) -> (u16, Value) {
    let reason = if status == 404 { "NotFound" } else { "Whatever" };
    (
        status,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": format!("no: {status}"), "reason": reason, "code": status}),
    )
}

impl Pace for Api {
    fn now(&self) -> Timestamp {
        self.world().now
    }

    /// Each turn is a tenth of a second, after which the controller has looked once.
    fn turn(&self, limit: Duration) -> BoxFuture<'_, ()> {
        let mut world = self.world();
        world.now += Duration::from_millis(100).min(limit);
        let World { objects, controller, .. } = &mut *world;
        controller(objects);
        std::future::ready(()).boxed()
    }
}

/// An object at its path.
pub(crate) fn at(path: &str, object: impl Serialize) -> (String, Value) {
    (path.to_owned(), serde_json::to_value(object).expect("JSON"))
}
