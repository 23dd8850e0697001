{{/* Names of AnalysisTemplates are those of deploy/canary unless two releases share a namespace. */}}
{{- define "canary-app.analysis" -}}
{{ .root.Values.analysis.namePrefix }}{{ .name }}
{{- end -}}

{{/* The series of one `version` (stable, canary) in the counters of the ingress: `what` is requests, errors or
buckets of durations. deploy/canary/analysis-template.yaml and deploy/analysis say where the names come from. */}}
{{- define "canary-app.series" -}}
{{- if eq .root.Values.analysis.ingress "traefik" -}}
{{- $service := include "canary-app.traefikService" . -}}
{{- if eq .what "buckets" -}}
traefik_service_request_duration_seconds_bucket{ {{- $service -}} }
{{- else -}}
traefik_service_requests_total{ {{- $service }}{{ if eq .what "errors" }},code=~"5.."{{ end -}} }
{{- end -}}
{{- else -}}
{{- $labels := printf `namespace="{{args.namespace}}",ingress="{{args.ingress}}",canary="%s"` (ternary "{{args.canary}}" "" (eq .version "canary")) -}}
{{- if eq .what "buckets" -}}
nginx_ingress_controller_request_duration_seconds_bucket{ {{- $labels -}} }
{{- else -}}
nginx_ingress_controller_requests{ {{- $labels }}{{ if eq .what "errors" }},status=~"5.."{{ end -}} }
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What Traefik calls the Service of a `version`: by the provider that reads the route (pkg/provider/kubernetes of
Traefik 3.7). A service of a Gateway's route has the route, the entry point and the place in its name as well. */}}
{{- define "canary-app.traefikService" -}}
{{- $provider := include "common.provider" .root -}}
{{- if eq $provider "traefik" -}}
{{- printf `service="{{args.backend}}-%s-%v@kubernetescrd"` .version .root.Values.service.port -}}
{{- else if eq $provider "gateway" -}}
{{- printf `service=~"httproute-.+-svc-{{args.backend}}-%s-[0-9]+@kubernetesgateway"` .version -}}
{{- else -}}
{{- printf `service="{{args.backend}}%s@kubernetesingressnginx"` (ternary "-canary" "" (eq .version "canary")) -}}
{{- end -}}
{{- end -}}

{{/* The share of the canary's requests that failed, over `window`. Without an error there is no series of errors:
`or vector(0)`. */}}
{{- define "canary-app.errorShare" -}}
(
  sum(rate({{ include "canary-app.series" (dict "root" .root "version" "canary" "what" "errors") }}[{{ .window }}]))
  or vector(0)
)
/ sum(rate({{ include "canary-app.series" (dict "root" .root "version" "canary" "what" "requests") }}[{{ .window }}]))
{{- end -}}

{{/* How many times slower than the stable version the canary is at the 95th percentile, over `window`. */}}
{{- define "canary-app.slowness" -}}
{{ include "canary-app.p95" (dict "root" .root "version" "canary" "window" .window) }}
/ {{ include "canary-app.p95" (dict "root" .root "version" "stable" "window" .window) }}
{{- end -}}

{{- define "canary-app.p95" -}}
histogram_quantile(0.95, sum by (le) (rate({{ include "canary-app.series" (dict "root" .root "version" .version "what" "buckets") }}[{{ .window }}])))
{{- end -}}

{{/* Which backend the queries ask about, as arguments with defaults: by what the ingress calls it. */}}
{{- define "canary-app.backend" -}}
{{- $name := include "common.fullname" . -}}
{{- if eq .Values.analysis.ingress "traefik" -}}
- name: backend
  value: {{ ternary (printf "%s-%s-%s-stable-%v" .Release.Namespace $name $name .Values.service.port) (printf "%s-%s" .Release.Namespace $name) (eq (include "common.provider" .) "nginx") }}
{{- else -}}
- name: namespace
  value: {{ .Release.Namespace }}
- name: ingress
  value: {{ $name }}
- name: canary
  value: {{ printf "%s-%s-canary-%v" .Release.Namespace $name .Values.service.port }}
{{- end -}}
{{- end -}}

{{/* Both conditions of a metric: `good` and `bad` are operators, `limit` the argument that they compare with. No
data meets neither, and pauses for a person. */}}
{{- define "canary-app.conditions" -}}
successCondition: {{ printf "len(result) > 0 && result[0] %s {{args.%s}}" .good .limit }}
failureCondition: {{ printf "len(result) > 0 && result[0] %s {{args.%s}}" .bad .limit }}
{{- end -}}
