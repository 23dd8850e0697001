//! Shows what the engine says, in the form that was asked for. On a terminal the step that is under way has a
//! spinner on standard error; elsewhere there are only lines.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use prd_parser::Plan;
use task_manager::render::Style;
use task_manager::terminal::harmless;
use task_master::engine::{Event, Reader, Resolved};

use super::{App, Form, jsonl, text};

/// Where and how to show.
pub(crate) struct Shower<'a> {
    inner: RefCell<Inner<'a>>,
}

struct Inner<'a> {
    out: &'a mut dyn Write,
    form: Form,
    how: text::How,
    target: String,
    state: PathBuf,
    titles: HashMap<String, String>,
    started: HashMap<String, Timestamp>,
    spinner: Option<ProgressBar>,
}

impl<'a> Shower<'a> {
    /// Shows on the app's output what happens to a state folder.
    pub(crate) fn new(app: &'a mut App<'_>, state: PathBuf) -> Self {
        let how = text::How { style: app.out_style, quiet: app.global.quiet, verbose: app.global.verbose };
        let ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty());
        let moves = app.form == Form::Text && !app.global.quiet && !ci && io::stderr().is_terminal();
        let inner = Inner {
            out: app.out,
            form: app.form,
            how,
            target: app.global.target.to_string(),
            state,
            titles: HashMap::new(),
            started: HashMap::new(),
            spinner: moves.then(spinner),
        };
        Self { inner: RefCell::new(inner) }
    }

    /// Says what is about to run.
    pub(crate) fn begin(&self, what: &Resolved, plan: &Plan) {
        let mut inner = self.inner.borrow_mut();
        inner.titles = plan.tasks.iter().map(|task| (task.id.clone(), task.title.clone())).collect();
        let line = match inner.form {
            Form::Text if inner.how.quiet => String::new(),
            Form::Text => {
                format!("{}\n", inner.how.style.bold(&format!("{}, on {}", what.label, inner.target)))
            }
            Form::Json => jsonl::begin(what, plan, &inner.target),
        };
        inner.write(&line);
    }

    /// Writes text for a person; nothing in the other form.
    pub(crate) fn text(&self, write: impl FnOnce(Style, &HashMap<String, String>) -> String) {
        let mut inner = self.inner.borrow_mut();
        if inner.form == Form::Text {
            let text = write(inner.how.style, &inner.titles);
            inner.write(&text);
        }
    }

    /// The target's name.
    pub(crate) fn target(&self) -> String {
        self.inner.borrow().target.clone()
    }

    /// Writes a JSON line; nothing in the other form.
    pub(crate) fn json(&self, write: impl FnOnce() -> serde_json::Value) {
        let mut inner = self.inner.borrow_mut();
        if inner.form != Form::Text {
            let line = format!("{}\n", write());
            inner.write(&line);
        }
    }
}

impl Inner<'_> {
    /// What cannot be written is lost there: the run goes on.
    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let out = &mut self.out;
        let mut write = || {
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        };
        match &self.spinner {
            Some(spinner) => spinner.suspend(write),
            None => write(),
        }
    }

    fn take(&mut self, at: Timestamp, event: &Event) {
        if let Event::Fact(task_manager::Event::TaskStarted { task, .. }) = event {
            self.started.insert(task.clone(), at);
        }
        let line = match self.form {
            Form::Json => jsonl::event(at, event),
            Form::Text => {
                let took = |task: &str| {
                    let since = self.started.get(task)?;
                    Duration::try_from(at.duration_since(*since)).ok()
                };
                text::event(event, self.how, &self.titles, took, &self.state)
            }
        };
        if let Some(spinner) = &self.spinner {
            match event {
                Event::Step { what, .. } => {
                    let short: String = what.chars().take(90).collect();
                    spinner.set_message(harmless(&short).into_owned());
                }
                Event::Fact(task_manager::Event::RunFinished { .. }) => spinner.finish_and_clear(),
                _ => {}
            }
        }
        self.write(&line);
    }
}

impl Reader for &Shower<'_> {
    fn read(&mut self, at: Timestamp, event: &Event) {
        self.inner.borrow_mut().take(at, event);
    }
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
