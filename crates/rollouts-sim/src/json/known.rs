//! Words that most objects have: a text that is one of them is the program's own, and no copy.

use std::sync::LazyLock;

/// Names of fields, and a few values. Nothing hangs on whether a word is here but what it costs.
const WORDS: &str = "\
    apiVersion kind metadata name namespace uid resourceVersion generation generateName \
    creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences \
    controller blockOwnerDeletion managedFields finalizers spec status manager operation subresource \
    time fieldsType fieldsV1 replicas selector matchLabels template containers image ports containerPort \
    protocol port targetPort env value valueFrom fieldRef fieldPath resources limits requests cpu memory \
    readinessProbe livenessProbe httpGet path scheme periodSeconds timeoutSeconds successThreshold \
    failureThreshold initialDelaySeconds lifecycle preStop sleep seconds securityContext \
    terminationGracePeriodSeconds restartPolicy dnsPolicy schedulerName serviceAccountName \
    serviceAccount nodeName priority preemptionPolicy enableServiceLinks imagePullPolicy \
    terminationMessagePath terminationMessagePolicy volumes volumeMounts mountPath conditions type \
    reason message lastUpdateTime lastTransitionTime phase currentPodHash currentStepHash \
    currentStepIndex stableRS availableReplicas readyReplicas updatedReplicas HPAReplicas \
    observedGeneration fullyLabeledReplicas blueGreen canary weights weight podTemplateHash serviceName \
    stable verified pauseConditions startTime controllerPause abort abortedAt restartedAt promoteFull \
    currentStepAnalysisRunStatus currentBackgroundAnalysisRunStatus collisionCount activeSelector \
    previewSelector strategy steps setWeight pause duration analysis templates templateName args \
    clusterScope trafficRouting nginx stableIngress stableService canaryService maxSurge maxUnavailable \
    revisionHistoryLimit minReadySeconds progressDeadlineSeconds setCanaryScale metrics metricResults \
    measurements measurement startedAt finishedAt completedAt runSummary dryRunSummary count successful \
    failed error inconclusive interval provider prometheus address query successCondition \
    failureCondition failureLimit consecutiveErrorLimit consecutiveSuccess rules host http paths \
    pathType backend service number ingressClassName loadBalancer ingress clusterIP clusterIPs \
    ipFamilies ipFamilyPolicy sessionAffinity internalTrafficPolicy addresses endpoints ready serving \
    terminating targetRef addressType subsets notReadyAddresses ip hostIP hostIPs podIP podIPs qosClass \
    containerStatuses containerID imageID state running waiting terminated lastState exitCode \
    restartCount started involvedObject source component reportingComponent reportingInstance \
    firstTimestamp lastTimestamp eventTime app True False Unknown Healthy Progressing Paused Available \
    Completed Degraded Running Successful RolloutHealthy AvailableReason RolloutCompleted \
    NewReplicaSetAvailable ReplicaSetUpdated RolloutPaused RolloutResumed Pod ReplicaSet Rollout TCP v1";

/// The words by how many bytes they have.
static BY_LENGTH: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    let longest = WORDS.split_whitespace().map(str::len).max().unwrap_or(0);
    let mut by_length = vec![Vec::new(); longest + 1];
    WORDS.split_whitespace().for_each(|word| by_length[word.len()].push(word));
    by_length
});

/// The program's own copy of a text.
pub(super) fn own(text: &str) -> Option<&'static str> {
    let alike = BY_LENGTH.get(text.len())?;
    let (first, last) = (text.as_bytes().first(), text.as_bytes().last());
    let is = |word: &str| word.as_bytes().first() == first && word.as_bytes().last() == last && word == text;
    alike.iter().copied().find(|word| is(word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_word_is_found_once() {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        assert!(words.iter().all(|word| own(word) == Some(word)));
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        assert!(words.len() > 200 && ["", "Name", "names", "nome"].iter().all(|word| own(word).is_none()));
    }
}
