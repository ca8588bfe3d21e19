"""The data plane of BACE-Pipe: one process per rank carries out a plan made by the control plane.

Every decision (layout, order of actions, links, deadlines) is in the plan. The worker executes, measures,
reports. Reading order: plan, model, weight_gradients, data, stage, executor, transport, control, telemetry,
rank, launch.
"""
