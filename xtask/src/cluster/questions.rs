//! What a part of the cluster is asked before it is said to be up: a question to the cluster, never to a file.
//!
//! Every unit of the part must run and be healthy, and then the part must do what it is there for: the API
//! server knows a ready node, a name is answered, a request comes back from the ingress, a list is given out.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::IngressClass;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client};
use serde_json::Value;

use super::health::{Doctor, chain};
use super::places::{ADDRESS, API_SERVICE, ARGO_CD, FORGE, INGRESS, NODE, PROMETHEUS, Places};
use super::unit::{Action, Part};
use super::{environment, login, pace, programs, supervise, table};
use crate::run::{self, Error};

/// How long a part that has just come up may take until it does what it is there for: Prometheus looks at each
/// of its targets every five seconds.
const BOUND: Duration = Duration::from_secs(30);
/// The longest wait for an answer to one question.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints what each part answers.
///
/// # Errors
/// The first part that does not answer as it should, and why.
pub(crate) fn check(places: &Places, parts: &[Part]) -> Result<(), Error> {
    let doctor = Doctor::new(places);
    runtime()?.block_on(async {
        for part in parts {
            let answer = ask(places, &doctor, *part).await;
            let answer =
                answer.map_err(|reason| Error::Found(format!("{} is not up: {reason}", part.name())))?;
            run::out(&format!("{}: {answer}", part.name()))?;
        }
        Ok(())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { program: "the network runtime".to_owned(), source })
}

/// Asks until the part answers as it should.
///
/// # Errors
/// What it last answered.
pub(crate) async fn wait(places: &Places, doctor: &Doctor, part: Part) -> Result<String, Error> {
    let deadline = Instant::now() + BOUND;
    loop {
        match ask(places, doctor, part).await {
            Ok(answer) => return Ok(answer),
            Err(reason) if Instant::now() > deadline => {
                let (name, bound) = (part.name(), BOUND.as_secs());
                return Err(Error::Found(format!("{name} does not do its work after {bound} s: {reason}")));
            }
            Err(_) => tokio::time::sleep(pace::LOOK).await,
        }
    }
}

/// What the part answers, or what is wrong with it.
async fn ask(places: &Places, doctor: &Doctor, part: Part) -> Result<String, String> {
    for node in table::nodes(places).into_iter().filter(|node| node.part == part) {
        let Action::Run(unit) = node.action else { continue };
        if !supervise::runs(places, node.name) {
            return Err(format!("{} does not run", node.name));
        }
        doctor.ask(&unit.health).await.map_err(|reason| format!("{}: {reason}", node.name))?;
    }
    let question = async {
        let client = login::admin(places).await.map_err(|error| error.to_string())?;
        match part {
            Part::Cluster => kubernetes(&client).await,
            Part::Dns => name().await,
            Part::Ingress => ingress(doctor, &client).await,
            Part::ArgoRollouts => {
                let kinds = [
                    "rollouts",
                    "analysisruns",
                    "analysistemplates",
                    "clusteranalysistemplates",
                    "experiments",
                ];
                established(&client, &kinds).await
            }
            Part::ArgoCd => argo_cd(places, doctor, &client).await,
            Part::Prometheus => targets(places, doctor).await,
            Part::Forge => forge(doctor).await,
        }
    };
    tokio::time::timeout(PATIENCE, question)
        .await
        .unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs())))
}

async fn kubernetes(client: &Client) -> Result<String, String> {
    let version = client.apiserver_version().await.map_err(|error| chain(&error))?.git_version;
    let node = Api::<Node>::all(client.clone()).get(NODE).await.map_err(|error| chain(&error))?;
    let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
    match conditions.iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => {
            Ok(format!("the API server {version} has node {NODE}, which is ready"))
        }
        _ => Err(format!("node {NODE} is not ready")),
    }
}

/// Asks the cluster's DNS for the API server's Service, in the one packet that such a question is.
async fn name() -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{ADDRESS}:53: {error}");
    let socket = tokio::net::UdpSocket::bind(format!("{ADDRESS}:0")).await.map_err(failed)?;
    socket.connect((ADDRESS, 53)).await.map_err(failed)?;
    let name = "kubernetes.default.svc.cluster.local";
    socket.send(&query(name)).await.map_err(failed)?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).await.map_err(failed)?;
    let wanted: Vec<u8> = API_SERVICE.split('.').filter_map(|part| part.parse().ok()).collect();
    // A record of four bytes of address ends the packet when it is the only one.
    match answer.get(..length) {
        Some(answer) if answer.ends_with(&wanted) => Ok(format!("{name} is {API_SERVICE}")),
        _ => Err(format!("{name} is not answered with {API_SERVICE}")),
    }
}

/// A question for the address of a name (RFC 1035, section 4): one question, nothing else.
fn query(name: &str) -> Vec<u8> {
    let mut packet = vec![0x42, 0x47, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        packet.push(u8::try_from(label.len()).unwrap_or_default());
        packet.extend(label.as_bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

async fn ingress(doctor: &Doctor, client: &Client) -> Result<String, String> {
    let class = Api::<IngressClass>::all(client.clone()).get("nginx").await.map_err(|error| chain(&error))?;
    let controller = class.spec.and_then(|spec| spec.controller).unwrap_or_default();
    let (http, path) = doctor.client(&format!("http://{INGRESS}/"))?;
    let request = http::Request::get(path).header("host", "nobody.invalid");
    let request = request.body(Vec::new().into()).map_err(|error| error.to_string())?;
    let status = http.send(request).await.map_err(|error| chain(&error))?.status();
    match status.as_u16() {
        404 => Ok(format!("class nginx is {controller}'s, and a host that nobody has is answered with 404")),
        _ => Err(format!("a host that nobody has is answered with {status}")),
    }
}

/// Whether kinds of Argo's are served and their names taken.
async fn established(client: &Client, plurals: &[&str]) -> Result<String, String> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for plural in plurals {
        let name = format!("{plural}.argoproj.io");
        let found = definitions.get(&name).await.map_err(|error| chain(&error))?;
        let conditions = found.status.and_then(|status| status.conditions).unwrap_or_default();
        if !conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
        {
            return Err(format!("{name} is not established"));
        }
    }
    Ok(format!("{} are established, and the controller answers", plurals.join(", ")))
}

async fn argo_cd(places: &Places, doctor: &Doctor, client: &Client) -> Result<String, String> {
    established(client, &["applications", "appprojects", "applicationsets"]).await?;
    let login = std::fs::read_to_string(environment::argo_cd_file(places)).unwrap_or_default();
    let token = login.lines().find_map(|line| line.strip_prefix("export ARGOCD_AUTH_TOKEN="));
    let token = token.ok_or("nobody has logged in")?;
    let get = async |path: &str| -> Result<Value, String> {
        let (client, path) = doctor.client(&format!("https://{ARGO_CD}{path}"))?;
        let request = http::Request::get(path).header("authorization", format!("Bearer {token}"));
        let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
        client.request(request).await.map_err(|error| chain(&error))
    };
    let version = get("/api/version").await?;
    let applications = get("/api/v1/applications").await?;
    let number = applications["items"].as_array().map_or(0, Vec::len);
    let version = version["Version"].as_str().unwrap_or_default().to_owned();
    Ok(format!("its API server {version} lists {number} applications"))
}

/// Whether the forge's API is there, of the version that was compiled.
async fn forge(doctor: &Doctor) -> Result<String, String> {
    let text = doctor.get(&format!("http://{FORGE}/api/v1/version")).await?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match answer["version"].as_str() {
        Some(version) if version == programs::GITEA.version => {
            Ok(format!("the API of Gitea {version} answers"))
        }
        _ => Err(format!("its API answers {answer}")),
    }
}

/// Whether Prometheus gets an answer from every component that was brought up; pods come and go.
async fn targets(places: &Places, doctor: &Doctor) -> Result<String, String> {
    let text = doctor.get(&format!("http://{PROMETHEUS}/api/v1/targets?state=active")).await?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let units: Vec<&str> = table::nodes(places).iter().map(|node| node.name).collect();
    let absent = |job: &str| units.contains(&job) && supervise::report(places, job).is_none();
    let mut up = Vec::new();
    for target in answer["data"]["activeTargets"].as_array().into_iter().flatten() {
        let job = target["labels"]["job"].as_str().unwrap_or_default();
        if job == "pods" || absent(job) {
            continue;
        }
        if target["health"] != "up" {
            let reason = target["lastError"].as_str().filter(|error| !error.is_empty());
            return Err(format!("target {job} is not up: {}", reason.unwrap_or("not looked at yet")));
        }
        up.push(job.to_owned());
    }
    if up.is_empty() {
        Err("it has no targets".to_owned())
    } else {
        Ok(format!("targets are up: {}", up.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_for_a_name_is_one_packet() {
        let packet = query("a.bc");
        assert_eq!(packet.len(), 12 + 2 + 3 + 1 + 4);
        assert_eq!(&packet[12..], b"\x01a\x02bc\0\0\x01\0\x01");
    }

    #[test]
    fn of_a_cluster_that_is_down_every_part_says_what_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(Some(folder.path()));
        for (part, said) in [
            (Part::Cluster, "cluster is not up: etcd does not run"),
            (Part::ArgoCd, "argocd is not up: redis does not run"),
            (Part::Ingress, "ingress is not up: traefik does not run"),
        ] {
            assert_eq!(check(&places, &[part]).unwrap_err().to_string(), said);
        }
    }
}
