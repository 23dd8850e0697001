//! The host cluster's Git server, for scenarios.

use futures::future::BoxFuture;
use scenario::{Forge, ForgeError, Place};

use super::places::Places;
use super::{git, webhook};

/// Repositories in the folder that the cluster's Git server has, and a webhook as a forge sends it.
pub(crate) struct HostForge;

impl Forge for HostForge {
    fn place(&self, name: &str) -> BoxFuture<'_, Result<Place, ForgeError>> {
        let place = git::named(name)
            .map(|()| Place { folder: git::folder(&Places::new(None), name), url: git::url(name) });
        Box::pin(async { place.map_err(|error| ForgeError(error.to_string())) })
    }

    fn announce(&self, name: &str, commit: &str) -> BoxFuture<'_, Result<(), ForgeError>> {
        let (url, commit) = (git::url(name), commit.to_owned());
        Box::pin(async move {
            let told = webhook::pushed(&Places::new(None), &url, &commit).await;
            told.map_err(|error| ForgeError(error.to_string()))
        })
    }
}
