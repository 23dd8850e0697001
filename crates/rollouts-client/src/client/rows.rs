//! Many Rollouts, followed: a line each, kept up to date by one watch.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};

use super::{Error, Rollouts};
use crate::types::Rollout;
use crate::view::RolloutRow;

/// How many Rollouts are asked for at once. Only their lines are kept, so this bounds what is in memory.
const PAGE: u32 = 100;

type Events = Pin<Box<dyn Stream<Item = kube::Result<WatchEvent<Rollout>>> + Send>>;

/// What became of a Rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is new, or its line is another.
    Line(Box<RolloutRow>),
    /// It is gone; this was its last line.
    Gone(Box<RolloutRow>),
}

/// The Rollouts of a scope. [`Rollouts::rows`] makes it.
pub struct Rows {
    rollouts: Rollouts,
    api: Api<Rollout>,
    labels: String,
    rows: BTreeMap<(String, String), RolloutRow>,
    /// What was found by reading all of them anew, and is still to be told.
    found: VecDeque<Change>,
    version: String,
    events: Option<Events>,
}

impl Rollouts {
    /// The Rollouts that match a label selector, of the namespace or of all, and from then on what becomes of them.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn rows(&self, everywhere: bool, labels: &str) -> Result<Rows, Error> {
        let api = if everywhere { Api::all(self.client.clone()) } else { self.api() };
        let (rollouts, labels) = (self.clone(), labels.to_owned());
        let (rows, found, version) = (BTreeMap::new(), VecDeque::new(), String::new());
        let mut all = Rows { rollouts, api, labels, rows, found, version, events: None };
        all.read().await?;
        all.found.clear();
        Ok(all)
    }
}

impl Rows {
    /// The present lines by namespace and name.
    pub fn lines(&self) -> impl Iterator<Item = &RolloutRow> {
        self.rows.values()
    }

    /// The next change, or `None` if there is none within a turn of the target's time that is no longer than `limit`.
    /// A watch that the server ends is taken up again; one whose history is gone reads everything anew.
    ///
    /// # Errors
    /// When the target cannot be read any more within the deadline, or refuses the watch.
    pub async fn next(&mut self, limit: Duration) -> Result<Option<Change>, Error> {
        if let Some(change) = self.found.pop_front() {
            return Ok(Some(change));
        }
        let mut events = match self.events.take() {
            Some(events) => events,
            None => self.watch().await?,
        };
        let pace = Arc::clone(&self.rollouts.pace);
        let event = match select(events.next(), pace.turn(limit)).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => {
                self.events = Some(events);
                return Ok(None);
            }
        };
        match event {
            // The server ends a watch every few minutes.
            None => Ok(None),
            Some(Ok(WatchEvent::Error(_)) | Err(_)) => {
                self.read().await?;
                Ok(self.found.pop_front())
            }
            Some(Ok(event)) => {
                self.events = Some(events);
                Ok(self.take(event))
            }
        }
    }

    fn take(&mut self, event: WatchEvent<Rollout>) -> Option<Change> {
        let (rollout, gone) = match event {
            WatchEvent::Added(rollout) | WatchEvent::Modified(rollout) => (rollout, false),
            WatchEvent::Deleted(rollout) => (rollout, true),
            WatchEvent::Bookmark(mark) => {
                self.version = mark.metadata.resource_version;
                return None;
            }
            WatchEvent::Error(_) => return None,
        };
        self.version.clone_from(rollout.metadata.resource_version.as_ref()?);
        let row = RolloutRow::new(&rollout);
        let key = (row.namespace.clone(), row.name.clone());
        if gone {
            return self.rows.remove(&key).map(|row| Change::Gone(Box::new(row)));
        }
        let before = self.rows.insert(key, row.clone());
        (before.as_ref() != Some(&row)).then(|| Change::Line(Box::new(row)))
    }

    async fn watch(&self) -> Result<Events, Error> {
        let params = WatchParams::default().labels(&self.labels);
        let (api, version) = (&self.api, &self.version);
        let watch = || async { api.watch(&params, version).await };
        let events = self.rollouts.read("watch rollouts".to_owned(), watch).await?;
        Ok(Box::pin(events))
    }

    /// Reads all of them, page by page, and notes what differs from the present lines.
    async fn read(&mut self) -> Result<(), Error> {
        let mut rows = BTreeMap::new();
        let mut params = ListParams::default().labels(&self.labels).limit(PAGE);
        loop {
            let api = &self.api;
            let list = || async { api.list(&params).await };
            let page = self.rollouts.read("list rollouts".to_owned(), list).await?;
            let lines = page.items.iter().map(RolloutRow::new);
            rows.extend(lines.map(|row| ((row.namespace.clone(), row.name.clone()), row)));
            self.version = page.metadata.resource_version.unwrap_or_default();
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        let before = std::mem::replace(&mut self.rows, rows);
        let new = self.rows.iter().filter(|(key, row)| before.get(*key) != Some(*row));
        self.found.extend(new.map(|(_, row)| Change::Line(Box::new(row.clone()))));
        let gone = before.into_iter().filter(|(key, _)| !self.rows.contains_key(key));
        self.found.extend(gone.map(|(_, row)| Change::Gone(Box::new(row))));
        Ok(())
    }
}
