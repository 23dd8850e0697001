//! The simulator over HTTP on loopback, where virtual time follows real time.

use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use rollouts_sim::{ServeError, Simulator};
use serde_json::json;
use tokio::sync::oneshot;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_client_over_http_meets_the_same_cluster() {
    run(async {
        let simulator = Simulator::in_memory(7);
        let server = simulator.serve("127.0.0.1:0".parse().unwrap(), 50.0).await.unwrap();
        let uri = format!("http://{}", server.address()).parse().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        let client = async {
            let client = kube::Client::try_from(kube::Config::new(uri)).unwrap();
            assert_eq!(client.apiserver_version().await.unwrap().minor, "34");
            let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
            let watch = maps.watch(&WatchParams::default(), "0").await.unwrap();
            let mut watch = std::pin::pin!(watch);
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
            maps.patch("m", &PatchParams::apply("tester"), &Patch::Apply(map)).await.unwrap();
            let seen = tokio::time::timeout(Duration::from_secs(30), watch.next()).await.unwrap().unwrap();
            assert!(matches!(seen, Ok(WatchEvent::Added(_))), "{seen:?}");
            // The same world from inside, and time that passes by itself.
            let inside: Api<Namespace> = Api::all(simulator.client());
            assert_eq!(inside.list(&ListParams::default()).await.unwrap().items.len(), 4);
            let start: jiff::Timestamp = Simulator::START.parse().unwrap();
            assert!(simulator.now() > start);
            stop.send(()).unwrap();
        };
        let (served, ()) = tokio::join!(server.run(stopped), client);
        served.unwrap();
    });
}

#[test]
fn only_loopback_and_sensible_speeds() {
    run(async {
        let simulator = Simulator::in_memory(7);
        for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
            let refused = simulator.serve(address.parse().unwrap(), 1.0).await.unwrap_err();
            assert!(matches!(refused, ServeError::NotLoopback(_)), "{refused}");
        }
        for speed in [0.0, -1.0, f64::NAN, 1e9] {
            let refused = simulator.serve("127.0.0.1:0".parse().unwrap(), speed).await.unwrap_err();
            assert!(matches!(refused, ServeError::Speed(_)), "{refused}");
        }
    });
}
