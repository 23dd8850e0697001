{{/* What a version says of its database's schema (docs/decisions/0009). */}}
{{- define "common.schemaAnnotations" -}}
{{- with .Values.schema.worksWith }}
progressive-delivery/schema-versions: {{ join "," . | quote }}
{{- end }}
{{ include "common.schemaInPlace" . }}
{{- end -}}

{{/* What stands once this release is there, on the pods as on the migration that brings it. */}}
{{- define "common.schemaInPlace" -}}
{{- with .Values.schema.inPlace }}
progressive-delivery/schema-in-place: {{ . | int | quote }}
{{- end }}
{{- with .Values.schema.database }}
progressive-delivery/database: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The environment of the container, which the migration needs as well to find the database. */}}
{{- define "common.env" -}}
{{- $env := .Values.env -}}
{{- with .Values.schema.worksWith }}{{ $env = append $env (dict "name" "SCHEMA_VERSIONS" "value" (join "," .)) }}{{ end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* The migration: a Job that ends before anything of the new version is applied. When it fails, so does the sync, and
nothing else changes. Its pods carry none of the labels by which the Services select. */}}
{{- define "common.migration" -}}
{{- if .Values.schema.migration.enabled }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "common.fullname" . }}-migrate
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  annotations:
    # Argo CD goes by its own word; Helm's is for helm upgrade.
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
    {{- include "common.schemaInPlace" . | trim | nindent 4 }}
spec:
  # A second try of half a migration is a person's decision.
  backoffLimit: 0
  activeDeadlineSeconds: {{ .Values.schema.migration.deadlineSeconds }}
  template:
    metadata:
      labels:
        app.kubernetes.io/component: migration
        app.kubernetes.io/instance: {{ .Release.Name }}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile:
          type: RuntimeDefault
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: migrate
          image: {{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          args:
            {{- toYaml .Values.schema.migration.args | nindent 12 }}
          env:
            {{- append (include "common.env" . | fromYamlArray) (dict "name" "SCHEMA_IN_PLACE" "value" (.Values.schema.inPlace | int | toString)) | toYaml | nindent 12 }}
          {{- with .Values.envFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
{{- end }}
{{- end -}}
