variable "name" {
  description = "Name of the kind cluster; its context in the kubeconfig is kind-NAME."
  type        = string
  default     = "blue-green-canary"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]*$", var.name))
    error_message = "The name must be made of small letters, digits, `.` and `-`: kind makes names of containers and of a context of it."
  }
}

variable "node_image" {
  description = "Image of the node, one that belongs to the provider's release of kind. Pin it by digest where you trust one."
  type        = string
  default     = "kindest/node:v1.34.3"

  validation {
    condition     = can(regex("^[^\\s@]+(:[\\w.-]+|(:[\\w.-]+)?@sha256:[0-9a-f]{64})$", var.node_image))
    error_message = "The image must be one of kindest/node with a tag, a digest or both."
  }
}

variable "http_port" {
  description = "Port on loopback where the ingress answers HTTP; 8080 where 80 is taken."
  type        = number
  default     = 80

  validation {
    condition     = var.http_port >= 1 && var.http_port <= 65535 && floor(var.http_port) == var.http_port
    error_message = "The port must be a whole number from 1 to 65535."
  }
}

variable "https_port" {
  description = "Port on loopback where the ingress answers HTTPS; 8443 where 443 is taken."
  type        = number
  default     = 443

  validation {
    condition     = var.https_port >= 1 && var.https_port <= 65535 && floor(var.https_port) == var.https_port
    error_message = "The port must be a whole number from 1 to 65535."
  }
}
