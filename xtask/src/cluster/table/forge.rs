//! The forge: Gitea, as a user who is not root, for who asks for it.

use super::{Health, Manifest, Node, Part, Places, Source, Step, Unit, apply, step, unit};
use crate::cluster::places::FORGE;
use crate::cluster::{forge, programs};

/// The nodes of [`Part::Forge`].
pub(super) fn nodes(places: &Places) -> Vec<Node> {
    let server = Unit {
        source: Source::Unprivileged(&programs::GITEA),
        arguments: vec![
            "web".to_owned(),
            "--config".to_owned(),
            forge::settings(places).display().to_string(),
        ],
        environment: forge::environment(places),
        health: Health::Answers(format!("http://{FORGE}/api/healthz")),
        behind_link: false,
    };
    vec![
        apply("forge-objects", Part::Forge, vec![Manifest::Own(include_str!("../objects/forge.yaml"))]),
        step("forge-home", Part::Forge, &["kube-apiserver"], Step::ForgeHome),
        unit("forge", Part::Forge, &["forge-home", "forge-objects"], server),
    ]
}
