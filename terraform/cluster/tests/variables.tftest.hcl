# What is refused before Docker is asked.

run "as_it_is" {
  command = plan
}

run "an_image_by_digest_on_a_registry_with_a_port" {
  command = plan
  variables { node_image = "127.0.0.1:5000/kindest/node:v1.34.3@sha256:08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48" }
}

run "a_name_with_capitals" {
  command = plan
  variables { name = "Blue-Green" }
  expect_failures = [var.name]
}

run "an_image_without_a_version" {
  command = plan
  variables { node_image = "kindest/node" }
  expect_failures = [var.node_image]
}

run "an_image_without_a_version_on_a_registry_with_a_port" {
  command = plan
  variables { node_image = "127.0.0.1:5000/kindest/node" }
  expect_failures = [var.node_image]
}

run "an_image_with_a_cut_digest" {
  command = plan
  variables { node_image = "kindest/node@sha256:0849" }
  expect_failures = [var.node_image]
}

run "ports_of_zero" {
  command = plan
  variables {
    http_port  = 0
    https_port = 0
  }
  expect_failures = [var.http_port, var.https_port]
}

run "ports_beyond_the_last" {
  command = plan
  variables {
    http_port  = 65536
    https_port = 65536
  }
  expect_failures = [var.http_port, var.https_port]
}

run "half_a_port" {
  command = plan
  variables {
    http_port  = 80.5
    https_port = 443.5
  }
  expect_failures = [var.http_port, var.https_port]
}
