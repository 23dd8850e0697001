{{/* A Service of one role, from the chart's context `root` and `role`; without a role it is that of all versions. */}}
{{- define "common.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "common.fullname" .root }}{{ with .role }}-{{ . }}{{ end }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "common.labels" .root | nindent 4 }}
spec:
  type: ClusterIP
  # The controller adds rollouts-pod-template-hash; leaving it out keeps a sync from taking it away.
  selector:
    {{- include "common.selectorLabels" .root | nindent 4 }}
  ports:
    - name: http
      port: {{ .root.Values.service.port }}
      targetPort: {{ .root.Values.containerPort }}
      protocol: TCP
{{- end -}}

{{/* An Ingress up to its rules, which the chart itself lists. */}}
{{- define "common.ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "common.metadata" . | nindent 2 }}
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  ingressClassName: {{ .Values.ingress.className }}
  {{- with .Values.ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
{{- end -}}

{{/* One rule of an Ingress: `host`, and the Service behind it by `service` and `port`. */}}
{{- define "common.rule" -}}
- host: {{ .host }}
  http:
    paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {{ .service }}
            port:
              number: {{ .port }}
{{- end -}}

{{/* What routes requests: `ingress.provider`, or none without an ingress. */}}
{{- define "common.provider" -}}
{{- ternary .Values.ingress.provider "none" .Values.ingress.enabled -}}
{{- end -}}

{{/* The start of an HTTPRoute, up to its rules: `root`, `name`, `hosts`. */}}
{{- define "common.httpRoute" -}}
{{- $gateway := .root.Values.ingress.gateway -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "common.labels" .root | nindent 4 }}
  {{- with .root.Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  parentRefs:
    - group: gateway.networking.k8s.io
      kind: Gateway
      name: {{ $gateway.name }}
      namespace: {{ $gateway.namespace }}
      {{- with $gateway.sectionName }}
      sectionName: {{ . }}
      {{- end }}
  hostnames:
    {{- toYaml .hosts | nindent 4 }}
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /
{{- end -}}

{{/* One backend of an HTTPRoute: `service`, `port`, `weight`. What the API server would fill in is written out, so
that Argo CD sees no difference. */}}
{{- define "common.backendRef" -}}
- group: ""
  kind: Service
  name: {{ .service }}
  port: {{ .port }}
  weight: {{ .weight }}
{{- end -}}

{{/* The start of an IngressRoute of Traefik, up to its routes. */}}
{{- define "common.ingressRoute" -}}
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata:
  {{- include "common.metadata" . | nindent 2 }}
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  entryPoints:
    {{- toYaml .Values.ingress.traefik.entryPoints | nindent 4 }}
  {{- with .Values.ingress.tls }}
  tls:
    secretName: {{ (first .).secretName }}
  {{- end }}
  routes:
{{- end -}}

{{/* Any of some hosts, in Traefik's words. */}}
{{- define "common.hostRule" -}}
{{- $rules := list -}}
{{- range . }}{{ $rules = append $rules (printf "Host(`%s`)" .) }}{{ end -}}
{{- join " || " $rules -}}
{{- end -}}

{{- define "common.hpa" -}}
{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "common.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    name: {{ include "common.fullname" . }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.targetCPUUtilizationPercentage }}
{{- end }}
{{- end -}}

{{- define "common.pdb" -}}
{{- if .Values.podDisruptionBudget.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "common.metadata" . | nindent 2 }}
spec:
  # maxUnavailable, because the selector spans both versions and minAvailable would count them together.
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "common.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end -}}
