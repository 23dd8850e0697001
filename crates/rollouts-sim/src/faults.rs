//! What goes wrong by itself, asked for by a path of its own, which no real API server has:
//!
//! - `POST /faults/v1/components/rollouts-controller?runs=false` stops the controllers of Argo Rollouts,
//!   `runs=true` starts them again
//! - `POST /faults/v1/components/prometheus?runs=false` has Prometheus refuse connections, `?hangs=true` accept
//!   questions without answering, `?answers=nan` answer NaN; `runs=true`, `hangs=false` and `answers=numbers` take
//!   that away
//! - `POST /faults/v1/namespaces/NAMESPACE/pods/NAME/kill` kills the process of a pod
//!
//! They are requests like any other, so the journal has them and a world that is opened again has had them.
//! With `kubectl`: `kubectl create --raw PATH -f /dev/null`.

use std::time::Duration;

use crate::json::json;
use http::Response;

use crate::api::json_response;
use crate::controllers;
use crate::prometheus;
use crate::queue::Work;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;

/// From the start of a controller's process to its first look at everything: its caches fill, it becomes leader.
const STARTS: Duration = Duration::from_secs(1);

/// Brings a fault about; `None` when the path asks for none.
pub(crate) fn answer(
    world: &mut World,
    method: &str,
    path: &str,
    query: Option<&str>,
) -> Option<Result<Response<Vec<u8>>, Refusal>> {
    let rest = path.strip_prefix("/faults/v1/")?;
    let parts: Vec<&str> = rest.split('/').collect();
    let asked = query.map(|query| format!("?{query}")).unwrap_or_default();
    let unknown =
        || Refusal::new(404, "NotFound", format!("no fault is brought about by {method} {path}{asked}"));
    Some(match (method, parts.as_slice(), query) {
        ("POST", ["components", "rollouts-controller"], Some("runs=true")) => {
            start(world);
            Ok(done("rollouts-controller runs"))
        }
        ("POST", ["components", "rollouts-controller"], Some("runs=false")) => {
            world.rollouts_down = true;
            Ok(done("rollouts-controller is down"))
        }
        ("POST", ["components", "prometheus"], Some(query)) => prometheus::faults::bring(world, query)
            .map(|()| done(&format!("prometheus: {query}")))
            .ok_or_else(unknown),
        ("POST", ["namespaces", ns, "pods", name, "kill"], None) => {
            controllers::kill(world, ns, name).map(|()| done("killed"))
        }
        _ => Err(unknown()),
    })
}

/// The controllers come back and look at everything that is theirs.
fn start(world: &mut World) {
    world.rollouts_down = false;
    let named = |resource| {
        let objects = world.store.list(resource, "");
        objects.map(|object| {
            (crate::object::namespace(object).to_owned(), crate::object::name(object).to_owned())
        })
    };
    let rollouts = named(Resource::Rollout).map(|(ns, name)| Work::Rollout { ns, name });
    let runs = named(Resource::AnalysisRun).map(|(ns, name)| Work::AnalysisRun { ns, name });
    for work in rollouts.chain(runs).collect::<Vec<_>>() {
        world.queue.after(STARTS, work);
    }
}

fn done(message: &str) -> Response<Vec<u8>> {
    json_response(
        200,
        &json!({"kind": "Status", "apiVersion": "v1", "status": "Success", "message": message}),
        &[],
    )
}
