//! The PRD that ships, read exactly.

use prd_parser::{Origin, Priority, Severity};
use sha2::{Digest, Sha256};

use crate::support::{PRD, checked};

#[test]
fn the_prd_is_the_one_that_was_agreed() {
    let sum: String = Sha256::digest(PRD).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sum, "700bbece0849da154101a46ecbca781ff8e52865c122de894af5efe7ebb14ffb");
}

#[test]
fn it_holds_6_phases_39_tasks_28_requirements_14_criteria() {
    let parsed = checked(PRD);
    assert_eq!(parsed.plan.phases.len(), 6);
    assert_eq!(parsed.tally.to_string(), "39 tasks, 28 requirements, 14 criteria; 0 ignored checkbox lines");
    assert_eq!(parsed.tally.checkboxes, 81);
    let phases: Vec<_> = parsed.plan.phases.iter().map(|p| (p.number, p.id.as_str(), p.priority)).collect();
    assert_eq!(
        phases,
        [
            (Some(1), "infrastructure-setup", Some(Priority::Critical)),
            (Some(2), "blue-green-implementation", Some(Priority::High)),
            (Some(3), "canary-implementation", Some(Priority::High)),
            (Some(4), "task-management-system", Some(Priority::High)),
            (Some(5), "documentation-automation", Some(Priority::Medium)),
            (Some(6), "testing-validation", Some(Priority::Medium)),
        ]
    );
    let per_phase: Vec<_> =
        (0..6).map(|phase| parsed.plan.tasks.iter().filter(|task| task.phase == phase).count()).collect();
    assert_eq!(per_phase, [6, 8, 9, 3, 7, 6]);
}

#[test]
fn ids_are_slugs_of_phase_and_title() {
    let plan = checked(PRD).plan;
    let ids: Vec<_> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    for id in [
        "blue-green-implementation/create-helm-chart",
        "canary-implementation/create-helm-chart",
        "infrastructure-setup/configure-dns-local-hosts-file",
        "documentation-automation/create-ci-cd-pipeline-examples",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    assert!(plan.tasks.iter().all(|task| !task.explicit_id && !task.id.contains('~')));
    let ids: Vec<_> = plan.requirements.iter().chain(&plan.criteria).map(|item| item.id.as_str()).collect();
    for id in [
        "blue-green-deployment-features/instant-rollback-capability",
        "canary-deployment-features/gradual-traffic-shifting-10-25-50-75-100",
        "mvp-success-criteria/argocd-and-argo-rollouts-installed",
        "full-success-criteria/rollback-time-30-seconds-validated",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
}

#[test]
fn nested_bullets_are_details_and_lie_inside_the_span() {
    let plan = checked(PRD).plan;
    let details: Vec<_> = plan.tasks.iter().map(|task| task.details.len()).filter(|n| *n > 0).collect();
    assert_eq!(details, [4, 5, 6]);
    let parser =
        plan.tasks.iter().find(|task| task.title == "Implement PRD parser (Python)").expect("the task");
    assert_eq!(parser.details[0], "Parse markdown files");
    let text = &PRD[parser.span.start..parser.span.end];
    assert!(text.starts_with("- [ ] Implement PRD parser"), "{text}");
    assert!(text.ends_with("(JSON/YAML)"), "{text}");
}

#[test]
fn priorities_come_from_the_headings() {
    let plan = checked(PRD).plan;
    for task in &plan.tasks {
        assert_eq!(task.priority, plan.phases[task.phase].priority);
    }
}

#[test]
fn phases_follow_each_other_softly_and_no_task_depends_on_another() {
    let plan = checked(PRD).plan;
    assert!(plan.tasks.iter().all(|task| task.dependencies.is_empty()));
    for (index, phase) in plan.phases.iter().enumerate() {
        let before: Vec<_> = phase.dependencies.iter().map(|d| (d.on.as_str(), d.origin)).collect();
        let expected = index.checked_sub(1).map(|before| (plan.phases[before].id.as_str(), Origin::Order));
        assert_eq!(before, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn metadata_is_what_the_document_says_and_no_more() {
    let metadata = checked(PRD).plan.metadata;
    assert_eq!(
        metadata.title.as_deref(),
        Some("Product Requirements Document: Blue-Green and Canary Deployment System")
    );
    assert_eq!((metadata.version, metadata.date, metadata.owner), (None, None, None));
    assert_eq!(metadata.timeline.len(), 4);
    assert_eq!(metadata.timeline[1].label.as_deref(), Some("Week 2"));
    assert_eq!(metadata.timeline[1].text, "Canary implementation and testing");
    assert_eq!(metadata.stakeholders.len(), 5);
    assert_eq!(metadata.stakeholders[2].name, "Developers");
    assert_eq!(metadata.stakeholders[2].role.as_deref(), Some("Use the system for deployments"));
    assert_eq!(metadata.references.len(), 6);
    assert_eq!(metadata.references[0].title, "Argo Rollouts Documentation");
    assert_eq!(metadata.references[0].url.as_deref(), Some("https://argoproj.github.io/argo-rollouts/"));
}

#[test]
fn the_wrong_section_number_of_13_2_is_reported_and_nothing_else_is() {
    let parsed = checked(PRD);
    let [found] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!((found.severity, found.code), (Severity::Warning, "unresolved-reference"));
    assert_eq!(found.message, "section 5 \"User Stories\" has no Phase 5");
    assert_eq!(
        &PRD[found.span.start..found.span.end],
        "- [ ] All documentation in section 5 Phase 5 complete"
    );
}
