"""The cluster as a whole: up, down and status. Refuses whatever it did not start itself."""

import shutil
from collections.abc import Callable

from hack.localcluster.host import network, processes, programs, runtime
from hack.localcluster.host.locks import locked
from hack.localcluster.kube import addons, api, certificates, node
from hack.localcluster.kube.components import ALL, API_SERVER, CONTAINERD, ETCD, KUBELET, START_AT_ONCE, Component
from hack.localcluster.progress import Refused, say, step
from hack.localcluster.state import CONTEXT, State


def check_nothing_foreign(state: State) -> None:
    """Everything that is not ours is named before anything is started."""
    network.check_free(state)
    for component in ALL:
        if processes.running(state, component.name):
            continue
        for port in component.ports:
            if (holder := processes.holder(port)) is not None:
                raise Refused(
                    f"port {port}, which {component.name} needs, is held by {holder}, which this tool did not start"
                )
    if processes.running(state, CONTAINERD.name) is None and runtime.is_answering(state):
        raise Refused(f"a containerd that this tool has no record of answers on {state.socket}")


def start(state: State, component: Component, is_up: Callable[[], bool], seconds: float = 60) -> None:
    if processes.running(state, component.name) is None:
        processes.start(state, component.name, component.command(state))
    try:
        api.wait_until(lambda: is_up() or processes.running(state, component.name) is None, seconds, component.name)
        alive = processes.running(state, component.name) is not None
    except Refused:
        alive = False
    if not alive:
        tail = processes.log_tail(state, component.name)
        raise Refused(f"{component.name} did not come up; the end of its log:\n{tail}")


def write_configuration(state: State) -> None:
    certificates.ensure(state)
    folder = network.write_plugin_configuration(state)
    runtime.write_configuration(state, addons.pause_image_name(), folder)
    node.write_kubelet_configuration(state)


def start_control_plane(state: State) -> None:
    with step("etcd and the API server"):
        start(state, ETCD, lambda: processes.holder(2379) is not None)
        start(state, API_SERVER, lambda: api.is_ready(state))
    for component in START_AT_ONCE:
        start(state, component, lambda: True)


def start_node(state: State) -> None:
    with step("containerd"):
        start(state, CONTAINERD, lambda: runtime.is_answering(state))
        addons.ensure_images(state)
    with step("kubelet and a Ready node"):
        start(state, KUBELET, lambda: node.is_ready(state))
        api.wait_until(lambda: node.is_ready(state), 60, "the node to be Ready")


def is_complete(state: State) -> bool:
    return (
        all(processes.running(state, component.name) for component in ALL)
        and network.is_up(state)
        and node.is_ready(state)
        and node.advertised_gpus(state) == node.wanted_gpus(state)
        and addons.are_ready(state)
    )


def up(state: State) -> None:
    programs.build(state)
    with locked(state, "cluster"):
        if is_complete(state):
            say("already up: nothing to do")
            return
        check_nothing_foreign(state)
        with step("cluster up"):
            network.ensure(state)
            write_configuration(state)
            start_control_plane(state)
            start_node(state)
            addons.ensure(state)
            node.ensure_gpus(state)
        say(f"context {CONTEXT}, kubeconfig {state.kubeconfig}")


def stop_all(state: State) -> list[str]:
    """The kubelet first, so that it does not start again what is being ended; containerd after its containers."""
    stopped = processes.stop(state, [component.name for component in ALL if component not in (CONTAINERD, ETCD)])
    containers = runtime.kill_containers(state)
    stopped += processes.stop(state, [CONTAINERD.name, ETCD.name])
    say(f"stopped: {', '.join(stopped) or 'nothing was running'}; {containers} pod sandboxes ended")
    return stopped


def down(state: State, purge: bool) -> None:
    with locked(state, "cluster"), step("cluster down"):
        stop_all(state)
        network.remove(state)
        runtime.unmount_leftovers(state)
        runtime.remove_empty_cgroups()
        if purge and state.cluster.exists():
            if left := runtime.mounts_below(state.cluster):
                raise Refused(f"still mounted, so nothing is deleted: {left[0]}")
            shutil.rmtree(state.cluster)
            say(f"deleted {state.cluster}")


def status(state: State) -> bool:
    """Whether everything is as `up` leaves it."""
    for component in ALL:
        pid = processes.running(state, component.name)
        say(f"{component.name:24} {f'process {pid}' if pid else 'not running'}")
    if not processes.running(state, API_SERVER.name):
        return False
    say(f"{'GPUs':24} {node.advertised_gpus(state)}")
    say(api.kubectl(state, "get", "pods", "-A", "-o", "wide", check=False))
    return is_complete(state)
