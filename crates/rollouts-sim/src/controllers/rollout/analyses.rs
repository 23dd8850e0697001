//! The analyses of a Rollout: which runs are started, ended, counted and forgotten.
//!
//! A blue-green update has one before and one after the promotion; a canary one a step, and one beside the steps.

use std::sync::Arc;

use crate::json::{Value, json};
use rollouts_client::names;
use rollouts_client::types::{AnalysisPhase, AnalysisRun, RolloutAnalysis, RolloutAnalysisRunStatus};

use super::canary::spec::Canary;
use super::pass::Pass;
use super::pause::{BLUE_GREEN, CANARY, INCONCLUSIVE};
use super::typed::typed;
use super::{scale, status};
use crate::controllers::analysis::template::{self, Templates};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

/// The label of a canary's step on its runs.
const STEP_INDEX: &str = "step-index";

/// Which analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Pre,
    Post,
    /// Of the step at this index.
    Step(i32),
    Background,
}

impl When {
    /// What its runs' names end with.
    fn infix(self) -> String {
        match self {
            When::Pre => "-pre".to_owned(),
            When::Post => "-post".to_owned(),
            When::Step(index) => format!("-{index}"),
            When::Background => String::new(),
        }
    }

    /// What is said when it has failed.
    fn failed(self) -> &'static str {
        match self {
            When::Pre => "Blue/green pre-promotion analysis phase error/failed",
            When::Post => "Blue/green post-promotion analysis phase error/failed",
            When::Step(_) => "Step-based analysis phase error/failed",
            When::Background => "Background analysis phase error/failed",
        }
    }

    /// The value of the label [`names::ROLLOUT_TYPE`].
    fn label(self) -> &'static str {
        match self {
            When::Pre => "PrePromotion",
            When::Post => "PostPromotion",
            When::Step(_) => "Step",
            When::Background => "Background",
        }
    }
}

fn phase(run: &AnalysisRun) -> AnalysisPhase {
    run.status.as_ref().map_or_else(|| AnalysisPhase::Other(String::new()), |status| status.phase.clone())
}

fn message(run: &AnalysisRun) -> Option<String> {
    run.status.as_ref().and_then(|status| status.message.clone()).filter(|message| !message.is_empty())
}

fn name(run: &AnalysisRun) -> &str {
    run.metadata.name.as_deref().unwrap_or_default()
}

/// Whether a run has succeeded.
pub(super) fn successful(run: Option<&AnalysisRun>) -> bool {
    run.is_some_and(|run| phase(run) == AnalysisPhase::Successful)
}

/// Whether the analysis before the promotion does not stand in its way.
pub(super) fn pre_completed(pass: &Pass) -> bool {
    pass.strategy().pre_promotion_analysis.is_none() || successful(pass.pre.as_deref())
}

fn skips_pre(pass: &Pass) -> bool {
    let hash = pass.new_hash();
    let status = pass.blue_green_status();
    let active = status.active_selector.as_deref().unwrap_or_default();
    if pass.rollout.stable_hash() == Some(hash) || active.is_empty() || active == hash {
        return true;
    }
    let Some(new) = pass.new.as_ref().filter(|_| pass.pre.is_none()) else { return false };
    match pass.strategy().preview_replica_count {
        Some(preview) => new.desired() != preview || new.available() != preview,
        None => !scale::saturated(pass, new),
    }
}

/// Whether it is not, or no longer, time for the analysis after the promotion.
pub(super) fn skips_post(pass: &Pass) -> bool {
    let hash = pass.new_hash();
    let active = pass.blue_green_status().active_selector.as_deref().unwrap_or_default();
    if pass.rollout.stable_hash() == Some(hash) || active != hash {
        return true;
    }
    pass.post.is_none() && !pass.new.as_ref().is_some_and(|new| scale::saturated(pass, new))
}

/// Starts, ends and judges the runs of this pass.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let none_wanted = pass.rollout.fully_promoted()
        || pass.aborted()
        || pass.status().promote_full == Some(true)
        || status::fast_rollback(pass)
        || pass.rollout.stable_hash().is_none();
    // What goes on: before and after the promotion, of the step, beside the steps.
    let [mut pre, mut post, mut step, mut background] = [pass.pre.clone(), pass.post.clone(), None, None];
    if none_wanted {
        for run in pass.step.iter().chain(&pass.background).chain(&pass.post).chain(&pass.pre) {
            cancel(world, pass, run)?;
        }
    } else if let Some(canary) = pass.canary.clone() {
        step = of_step(world, pass, &canary)?;
        background = beside(world, pass, &canary)?;
    } else {
        pre = one(world, pass, When::Pre)?;
        judge(pass, pre.as_deref(), When::Pre);
        post = one(world, pass, When::Post)?;
        judge(pass, post.as_deref(), When::Post);
    }
    pass.pre_status = pre.as_deref().map(summary);
    pass.post_status = post.as_deref().map(summary);
    pass.step_status = step.as_deref().map(summary);
    pass.background_status = background.as_deref().map(summary);
    let all = pre.iter().chain(&post).chain(&step).chain(&background);
    let current: Vec<String> = all.map(|run| name(run).to_owned()).collect();
    let others: Vec<Arc<AnalysisRun>> = pass.others_of(&current);
    for run in &others {
        cancel(world, pass, run)?;
    }
    for run in surplus(pass, &others) {
        world.delete(Resource::AnalysisRun, &pass.ns, name(run), None)?;
    }
    let standing = pass.blue_green_status();
    tell(world, pass, standing.post_promotion_analysis_run_status.as_ref(), post.as_deref(), When::Post);
    tell(world, pass, standing.pre_promotion_analysis_run_status.as_ref(), pre.as_deref(), When::Pre);
    let standing = pass.status().canary.as_ref();
    let of_step = standing.and_then(|standing| standing.current_step_analysis_run_status.as_ref());
    let beside = standing.and_then(|standing| standing.current_background_analysis_run_status.as_ref());
    tell(world, pass, of_step, step.as_deref(), When::Step(0));
    tell(world, pass, beside, background.as_deref(), When::Background);
    Ok(())
}

impl Pass {
    /// The runs that are neither those of the status nor the given ones.
    fn others_of(&self, current: &[String]) -> Vec<Arc<AnalysisRun>> {
        let known = self.pre.iter().chain(&self.post).chain(&self.step).chain(&self.background);
        let known: Vec<&str> = known.map(|run| name(run)).collect();
        let other =
            |run: &&Arc<AnalysisRun>| !known.contains(&name(run)) && !current.iter().any(|n| n == name(run));
        self.runs.iter().filter(other).cloned().collect()
    }
}

fn one(world: &mut World, pass: &Pass, when: When) -> Result<Option<Arc<AnalysisRun>>, Refusal> {
    let strategy = pass.strategy();
    let (asked, current, skipped) = match when {
        When::Pre => (&strategy.pre_promotion_analysis, &pass.pre, skips_pre(pass)),
        _ => (&strategy.post_promotion_analysis, &pass.post, skips_post(pass)),
    };
    let asked = asked.as_ref().filter(|asked| asks(asked));
    if asked.is_none() || skipped {
        if let Some(current) = current {
            cancel(world, pass, current)?;
        }
        return Ok(asked.and_then(|_| current.clone()));
    }
    let undecided = pass.pause_condition(INCONCLUSIVE).is_some();
    match asked.filter(|_| !undecided && needs_another(pass, current.as_deref())) {
        Some(asked) => create(world, pass, asked, when).map(Some),
        None => Ok(current.clone()),
    }
}

/// The run of the present step, if that is an analysis.
fn of_step(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<Option<Arc<AnalysisRun>>, Refusal> {
    let current = pass.step.clone();
    if !pass.rollout.pause_conditions().is_empty() || pass.rollout.aborted() {
        return Ok(current);
    }
    let index = canary.index(pass.status().current_step_index);
    let asked = canary.step(index).and_then(|step| step.analysis.as_ref()).filter(|asked| asks(asked));
    let label = |run: &Arc<AnalysisRun>| run.metadata.labels.as_ref()?.get(STEP_INDEX).cloned();
    let of_this = current.as_ref().is_none_or(|run| label(run) == index.map(|index| index.to_string()));
    let (Some(asked), Some(index)) = (asked.filter(|_| of_this), index) else {
        // A person went on while the run of another step was under way.
        if let Some(current) = &current {
            cancel(world, pass, current)?;
        }
        return Ok(None);
    };
    if needs_another(pass, current.as_deref()) {
        return create(world, pass, asked, When::Step(index)).map(Some);
    }
    judge(pass, current.as_deref(), When::Step(index));
    Ok(current)
}

/// The run beside the steps.
fn beside(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<Option<Arc<AnalysisRun>>, Refusal> {
    let current = pass.background.clone();
    let Some(asked) = canary.analysis.as_ref().filter(|asked| asks(&asked.analysis)) else {
        if let Some(current) = &current {
            cancel(world, pass, current)?;
        }
        return Ok(None);
    };
    let index = canary.index(pass.status().current_step_index);
    let early = index.is_some_and(|index| asked.starting_step.is_some_and(|start| index < start));
    if early || pass.rollout.current_hash().is_none() {
        return Ok(None);
    }
    if pass.pause_condition(INCONCLUSIVE).is_some() {
        return Ok(current);
    }
    if needs_another(pass, current.as_deref()) {
        return create(world, pass, &asked.analysis, When::Background).map(Some);
    }
    judge(pass, current.as_deref(), When::Background);
    Ok(current)
}

fn asks(asked: &RolloutAnalysis) -> bool {
    asked.templates.iter().flatten().next().is_some()
}

/// Whether there is no run yet, or the one there was undecided and a person went on.
fn needs_another(pass: &Pass, current: Option<&AnalysisRun>) -> bool {
    let Some(current) = current else { return true };
    let by_analysis = [BLUE_GREEN, CANARY].iter().all(|reason| pass.pause_condition(reason).is_none());
    if pass.rollout.controller_paused() && by_analysis {
        return phase(current) == AnalysisPhase::Inconclusive;
    }
    pass.status().aborted_at.is_some()
}

fn judge(pass: &mut Pass, run: Option<&AnalysisRun>, when: When) {
    let Some(run) = run else { return };
    match phase(run) {
        AnalysisPhase::Inconclusive => pass.pause.add.push(INCONCLUSIVE),
        AnalysisPhase::Error | AnalysisPhase::Failed => {
            let mut why = when.failed().to_owned();
            if let Some(message) = message(run) {
                why = format!("{why}: {message}");
            }
            pass.pause.add_abort = Some(why);
        }
        _ => {}
    }
}

fn summary(run: &AnalysisRun) -> RolloutAnalysisRunStatus {
    RolloutAnalysisRunStatus {
        name: name(run).to_owned(),
        status: phase(run),
        message: message(run),
        other: Default::default(),
    }
}

fn cancel(world: &mut World, pass: &Pass, run: &AnalysisRun) -> Result<(), Refusal> {
    if run.spec.terminate == Some(true) || phase(run).completed() {
        return Ok(());
    }
    let ended = world.modify(ROLLOUTS, Resource::AnalysisRun, &pass.ns, name(run), |run| {
        run["spec"]["terminate"] = json!(true);
    });
    match ended {
        Err(refusal) if refusal.reason != "NotFound" => Err(refusal),
        _ => Ok(()),
    }
}

fn tell(
    world: &mut World,
    pass: &Pass,
    before: Option<&RolloutAnalysisRunStatus>,
    run: Option<&AnalysisRun>,
    when: When,
) {
    let Some(run) = run.filter(|run| !phase(run).as_str().is_empty()) else { return };
    let now = phase(run);
    if before.is_some_and(|before| before.name != name(run) || before.status == now) {
        return;
    }
    let was = before.map_or("NoPreviousStatus", |before| before.status.as_str());
    let message =
        format!("{} Analysis Run '{}' Status New: '{now}' Previous: '{was}'", when.label(), name(run));
    let warning = matches!(now, AnalysisPhase::Failed | AnalysisPhase::Error);
    pass.event(world, warning, &format!("AnalysisRun{now}"), &message);
}

/// Starts a run. A run of the same name that still runs and is the same is taken for it; another one makes it count
/// up its name.
fn create(
    world: &mut World,
    pass: &Pass,
    asked: &RolloutAnalysis,
    when: When,
) -> Result<Arc<AnalysisRun>, Refusal> {
    let templates = Templates::read(world, &pass.ns, asked).map_err(Refusal::bad_request)?;
    let args = template::arguments(asked, &hashes(pass), &pass.object).map_err(Refusal::bad_request)?;
    let spec = templates.run_spec(&args, asked).map_err(Refusal::bad_request)?;
    let revision = object::annotation(&pass.object, names::REVISION).unwrap_or_default();
    let base = format!("{}-{}-{revision}{}", pass.name(), pass.new_hash(), when.infix());
    let mut labels =
        json!({(names::POD_TEMPLATE_HASH): pass.new_hash(), (names::ROLLOUT_TYPE): when.label()});
    if let When::Step(index) = when {
        labels[STEP_INDEX] = json!(index.to_string());
    }
    let own = asked.other.get("analysisRunMetadata").map(Value::from).unwrap_or_default();
    let mut annotations = json!({(names::REVISION): revision});
    merge(&mut labels, &own["labels"]);
    merge(&mut labels, &pass.object["spec"]["selector"]["matchLabels"]);
    merge(&mut annotations, &own["annotations"]);
    for collision in 0.. {
        let name = if collision == 0 { base.clone() } else { format!("{base}.{collision}") };
        if let Some(standing) = world.store.get(Resource::AnalysisRun, &pass.ns, &name) {
            let run: Arc<AnalysisRun> = typed(standing)?;
            let ours = object::controlled_by(standing, object::uid(&pass.object));
            if !phase(&run).completed() && ours && standing["spec"] == spec {
                return Ok(run);
            }
            continue;
        }
        let run = json!({
            "metadata": {
                "name": name, "namespace": pass.ns, "labels": labels, "annotations": annotations,
                "ownerReferences": [object::owner_reference(Resource::Rollout, &pass.object)],
            },
            "spec": spec,
        });
        return typed(&world.create(ROLLOUTS, Resource::AnalysisRun, run)?);
    }
    Err(Refusal::bad_request("no name left for an AnalysisRun"))
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}

fn hashes(pass: &Pass) -> template::Hashes {
    template::Hashes {
        latest: pass.new_hash().to_owned(),
        stable: pass.rollout.stable_hash().unwrap_or_default().to_owned(),
    }
}

/// What is wrong with an analysis of the spec, for validation. `endless` says whether its metrics may go on for ever.
pub(super) fn fault(
    world: &World,
    pass: &Pass,
    asked: &RolloutAnalysis,
    path: &str,
    endless: bool,
) -> Option<String> {
    for reference in asked.templates.iter().flatten() {
        if let Err(missing) = Templates::find(world, &pass.ns, reference) {
            return Some(format!("{path}: Invalid value: \"{}\": {missing}", reference.template_name));
        }
    }
    let templates = match Templates::read(world, &pass.ns, asked) {
        Ok(templates) => templates,
        Err(why) => return Some(format!("{path}: Invalid value: \"\": {why}")),
    };
    let args = template::arguments(asked, &hashes(pass), &pass.object).unwrap_or_default();
    if let Err(why) = templates.check(&args) {
        let names = templates.names().join(" ");
        return Some(format!("{path}: Invalid value: \"templateNames: [{names}]\": {why}"));
    }
    if endless {
        return None;
    }
    let (template, why) = templates.endless()?;
    Some(format!("{path}: Invalid value: \"{template}\": AnalysisTemplate {template} {why}"))
}

/// The runs that are more than the history keeps: those of versions that are gone, then the oldest.
fn surplus<'a>(pass: &Pass, others: &'a [Arc<AnalysisRun>]) -> Vec<&'a Arc<AnalysisRun>> {
    let limits = &pass.object["spec"]["analysis"];
    let limit = |field: &str| object::number(limits, field, 5);
    let mut kept = (limit("/successfulRunHistoryLimit"), limit("/unsuccessfulRunHistoryLimit"));
    let mut newest_first: Vec<&Arc<AnalysisRun>> = others.iter().collect();
    newest_first.reverse();
    newest_first.retain(|run| {
        let hash = run.metadata.labels.as_ref().and_then(|labels| labels.get(names::POD_TEMPLATE_HASH));
        if hash.is_none_or(|hash| pass.by_hash(hash).is_none()) {
            return true;
        }
        let left = match phase(run) {
            AnalysisPhase::Successful => &mut kept.0,
            phase if phase.completed() => &mut kept.1,
            _ => return false,
        };
        *left -= 1;
        *left < 0
    });
    newest_first
}

/// Deletes the runs of a version that is forgotten.
pub(super) fn forget_of(world: &mut World, pass: &Pass, hash: &str) -> Result<(), Refusal> {
    let of_version = |run: &Arc<AnalysisRun>| {
        let labels = run.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(names::POD_TEMPLATE_HASH)).is_some_and(|label| label == hash)
    };
    for run in pass.others_of(&[]).iter().filter(|run| of_version(run)) {
        world.delete(Resource::AnalysisRun, &pass.ns, name(run), None)?;
    }
    Ok(())
}
