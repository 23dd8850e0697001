terraform {
  required_version = ">= 1.0"

  required_providers {
    # 0.11.0 embeds kind 0.31.0, which is why the node image is one of that release.
    kind = {
      source  = "tehcyx/kind"
      version = "0.11.0"
    }
  }
}
