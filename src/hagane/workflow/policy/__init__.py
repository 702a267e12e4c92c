"""What is done when a model's traffic has drifted: one file a step of the policy; `act_on_policy` conducts them."""
