//! A look at what the components may do, asked of the API server itself: none but a person may do everything.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::{Api, PostParams};

use super::certificates::{IDENTITIES, Identity};
use super::health::chain;
use crate::run::Error;

/// Asks for every component whether it may do anything to anything.
///
/// # Errors
/// The names of those that may, or what the API says.
pub(crate) async fn check(client: &kube::Client) -> Result<(), Error> {
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let mut admins = Vec::new();
    for identity in IDENTITIES {
        let answer = reviews.create(&PostParams::default(), &review(identity)).await.map_err(|error| {
            Error::Found(format!("cannot ask for the rights of {}: {}", identity.name, chain(&error)))
        })?;
        if answer.status.is_some_and(|status| status.allowed) {
            admins.push(identity.name);
        }
    }
    // The person must be among them, or the question proves nothing.
    if admins == ["admin"] {
        Ok(())
    } else {
        Err(Error::Found(format!("only admin may be cluster admin; these are: {}", admins.join(", "))))
    }
}

/// The words by which `setpriv` has a program run as this user and this group and nobody more, for good.
pub(crate) fn without_root(user: u32) -> Vec<String> {
    [format!("--reuid={user}"), format!("--regid={user}")]
        .into_iter()
        .chain(
            ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"].map(str::to_owned),
        )
        .collect()
}

fn review(identity: &Identity) -> SubjectAccessReview {
    let any = || Some("*".to_owned());
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(identity.user.to_owned()),
            groups: Some(
                identity
                    .group
                    .into_iter()
                    .map(str::to_owned)
                    .chain(["system:authenticated".to_owned()])
                    .collect(),
            ),
            resource_attributes: Some(ResourceAttributes {
                group: any(),
                resource: any(),
                verb: any(),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}
