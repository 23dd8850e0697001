//! The host cluster's Git server, for scenarios.

use futures::future::BoxFuture;
use scenario::{Forge, ForgeError, Place};

use super::git;

/// Repositories in the folder that the cluster's Git server has, and a webhook as a forge sends it.
pub(crate) struct HostForge;

impl Forge for HostForge {
    fn place(&self, name: &str) -> BoxFuture<'_, Result<Place, ForgeError>> {
        let place = git::named(name).map(|()| Place { folder: super::repository(name), url: git::url(name) });
        Box::pin(async { place.map_err(|error| ForgeError(error.to_string())) })
    }

    fn announce(&self, name: &str, commit: &str) -> BoxFuture<'_, Result<(), ForgeError>> {
        let (name, commit) = (name.to_owned(), commit.to_owned());
        Box::pin(
            async move { super::pushed(&name, &commit).await.map_err(|error| ForgeError(error.to_string())) },
        )
    }
}
