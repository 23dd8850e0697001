{{/* `helm test`: the Services answer from inside the cluster, as a user of the chart would ask them. The pod obeys the
restricted Pod Security Standard, and deploy/policies lets it reach the application and nothing else. `root` and
`urls`. */}}
{{- define "common.test" -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "common.fullname" .root }}-test
  namespace: {{ .root.Release.Namespace }}
  labels:
    app.kubernetes.io/component: chart-test
    app.kubernetes.io/instance: {{ .root.Release.Name }}
    {{- include "common.helmLabels" .root | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: ask
      image: {{ printf "%s:%s" .root.Values.tests.image.repository .root.Values.tests.image.tag }}
      command:
        - sh
        - -euc
        - |
          {{- range .urls }}
          wget -q -T 5 -O - {{ . }}
          {{- end }}
      resources:
        {{- toYaml .root.Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop:
            - ALL
{{- end -}}
