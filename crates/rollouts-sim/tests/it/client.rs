//! An unmodified `kube::Client` on the simulator: create, get, list, patch, watch, delete.

use std::time::Duration;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::wait::await_condition;
use kube::runtime::watcher;
use rollouts_sim::Simulator;
use serde_json::json;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn rollouts(client: kube::Client) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout"));
    Api::namespaced_with(client, "default", &kind)
}

fn rollout(image: &str) -> serde_json::Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image}]}},
            "strategy": {"blueGreen": {"activeService": "web", "autoPromotionEnabled": false}},
        },
    })
}

#[test]
fn a_client_creates_applies_patches_lists_and_deletes() {
    runtime().block_on(async {
        let client = Simulator::in_memory(7).client();
        let api = rollouts(client.clone());
        let params = PatchParams::apply("tester");
        let made = api.patch("web", &params, &Patch::Apply(rollout("web:1"))).await.unwrap();
        assert_eq!(made.metadata.generation, Some(1));
        assert_eq!(made.metadata.managed_fields.as_ref().map(Vec::len), Some(1));

        let merge = json!({"spec": {"paused": true}});
        let patched = api.patch("web", &PatchParams::default(), &Patch::Merge(merge)).await.unwrap();
        assert_eq!((patched.metadata.generation, &patched.data["spec"]["paused"]), (Some(2), &json!(true)));

        let status = json!({"status": {"phase": "Paused"}, "spec": {"paused": false}});
        let patched = api.patch_status("web", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
        assert_eq!(patched.metadata.generation, Some(2));
        assert_eq!((&patched.data["spec"]["paused"], &patched.data["status"]["phase"]), (&json!(true), &json!("Paused")));

        let found = api.list(&ListParams::default().fields("metadata.name=web")).await.unwrap();
        assert_eq!(found.items.len(), 1);
        api.delete("web", &DeleteParams::default()).await.unwrap();
        let gone = api.get("web").await.unwrap_err();
        assert!(matches!(&gone, kube::Error::Api(status) if status.code == 404), "{gone:?}");

        let services: Api<Service> = Api::namespaced(client, "default");
        let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
        let service = serde_json::from_value(service).unwrap();
        let made = services.create(&PostParams::default(), &service).await.unwrap();
        assert_eq!(made.spec.unwrap().type_.as_deref(), Some("ClusterIP"));
    });
}

#[test]
fn a_watch_streams_what_happens_after_its_version() {
    runtime().block_on(async {
        let client = Simulator::in_memory(7).client();
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
        let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
        let params = WatchParams::default().labels("app=web");
        let mut events = std::pin::pin!(api.watch(&params, &version).await.unwrap());
        let writer = async {
            for (labels, data) in [(json!({"app": "web"}), "1"), (json!({"app": "web"}), "2"), (json!({"app": null}), "3")] {
                let change = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": labels}, "data": {"n": data}});
                let change = Patch::Merge(change);
                if data == "1" {
                    let first = json!({"metadata": {"name": "c", "labels": labels}, "data": {"n": data}});
                    api.create(&PostParams::default(), &serde_json::from_value(first).unwrap()).await.unwrap();
                } else {
                    api.patch("c", &PatchParams::default(), &change).await.unwrap();
                }
            }
        };
        let reader = async {
            let mut seen = Vec::new();
            while seen.len() < 3 {
                let event = tokio::time::timeout(Duration::from_secs(10), events.try_next()).await.unwrap().unwrap().unwrap();
                seen.push(match event {
                    WatchEvent::Added(o) => format!("added {}", o.data.unwrap()["n"]),
                    WatchEvent::Modified(o) => format!("modified {}", o.data.unwrap()["n"]),
                    WatchEvent::Deleted(o) => format!("deleted {}", o.data.unwrap()["n"]),
                    other => format!("{other:?}"),
                });
            }
            seen
        };
        let (seen, ()) = futures::join!(reader, writer);
        // The last change takes the label away: for this watch the object is gone, as it last fitted.
        assert_eq!(seen, ["added 1", "modified 2", "deleted 2"]);
    });
}

#[test]
fn namespaces_take_their_contents_along() {
    runtime().block_on(async {
        let simulator = Simulator::in_memory(7);
        let client = simulator.client();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let team = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
        namespaces.create(&PostParams::default(), &team).await.unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(client, "team");
        let map = serde_json::from_value(json!({"metadata": {"generateName": "c-"}})).unwrap();
        maps.create(&PostParams::default(), &map).await.unwrap();
        namespaces.delete("team", &DeleteParams::default()).await.unwrap();
        let late = maps.create(&PostParams::default(), &map).await.unwrap_err();
        assert!(matches!(&late, kube::Error::Api(status) if status.code == 403), "{late:?}");
        let pace = simulator.pace();
        while namespaces.get_opt("team").await.unwrap().is_some() {
            pace.turn(Duration::from_secs(60)).await;
        }
        assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 0);
    });
}

#[test]
fn an_unmodified_watcher_and_wait_run_on_it() {
    runtime().block_on(async {
        let simulator = Simulator::in_memory(7);
        let client = simulator.client();
        let maps: Api<ConfigMap> = Api::namespaced(client, "default");
        let has_data = |map: Option<&ConfigMap>| map.is_some_and(|m| m.data.is_some());
        for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
            let mut events = std::pin::pin!(watcher(maps.clone(), config));
            // The initial list ends before anything is there.
            loop {
                let event =
                    tokio::time::timeout(Duration::from_secs(10), events.try_next()).await.unwrap().unwrap();
                if matches!(event, Some(watcher::Event::InitDone)) {
                    break;
                }
            }
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
            maps.patch("m", &PatchParams::apply("tester"), &Patch::Apply(map)).await.unwrap();
            let event =
                tokio::time::timeout(Duration::from_secs(10), events.try_next()).await.unwrap().unwrap();
            assert!(matches!(&event, Some(watcher::Event::Apply(_))), "{event:?}");
            let (plain, filled) = (PatchParams::default(), Patch::Merge(json!({"data": {"a": "b"}})));
            let wait = await_condition(maps.clone(), "m", has_data);
            let write = maps.patch("m", &plain, &filled);
            let (waited, wrote) = futures::join!(tokio::time::timeout(Duration::from_secs(10), wait), write);
            assert!(waited.unwrap().unwrap().is_some());
            wrote.unwrap();
            maps.delete("m", &DeleteParams::default()).await.unwrap();
        }
    });
}
