"""External data: where it is."""
import os
import socket

from common import beside, case, external, group, model, write


group("external data")


@case(3, "'w'")
def external_path_to_the_parent(path):
    write(os.path.join(os.path.dirname(path), "..", "secret.bin"), bytes(256))
    return external(path, location="../secret.bin")


@case(3, "'w'")
def external_path_that_hides_the_parent(path):
    return external(path, location="a/../../secret.bin")


@case(3, "'w'")
def external_absolute_path(path):
    return external(path, location="/etc/hostname", length="4")


@case(3, "'w'")
def external_device(path):
    return external(path, location="/dev/zero")


@case(3, "'w'")
def external_link_out_of_the_folder(path):
    link = path + ".link"
    if not os.path.lexists(link):
        os.symlink("/etc/hostname", link)
    return external(path, location=os.path.basename(link), length="4")


@case(3, "'w'")
def external_fifo(path):
    fifo = path + ".fifo"
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    return external(path, location=os.path.basename(fifo))


@case(3, "'w'")
def external_file_is_a_folder(path):
    return external(path, location=".")


@case(3, "'w'")
def external_file_is_missing(path):
    return external(path, location="missing.bin")


@case(3, "'w'")
def external_path_with_a_nul(path):
    return external(path, location="model.onnx\0.data")


@case(3, "'w'")
def external_without_location(path):
    return external(path, location=None)


@case(3, "'w'")
def external_offset_below_zero(path):
    return external(path, offset="-256")


@case(3, "'w'")
def external_offset_overflows(path):
    return external(path, offset="18446744073709551488")


@case(3, "'w'")
def external_offset_behind_the_end(path):
    return external(path, offset="4096")


@case(3, "'w'")
def external_length_behind_the_end(path):
    return external(path, offset="128")


@case(3, "'w'")
def external_length_is_no_number(path):
    return external(path, length="lots")


@case(3, "'w'")
def external_length_is_another(path):
    return external(path, length="64")


group("paths out of the folder")


def link(path, name, target):
    if not os.path.lexists(beside(path, name)):
        os.symlink(target, beside(path, name))


def secret(path):
    """A file outside of the model's folder that has the right size."""
    write(beside(path, "../secret.bin"), bytes(256))


@case(3, "'w'", "leads out")
def path_of_many_parents(path):
    return external(path, location="../" * 40 + "etc/hostname")


@case(3, "'w'", "leads out")
def path_through_dots(path):
    secret(path)
    return external(path, location="./a/./../.././secret.bin")


@case(3, "'w'", "absolute")
def path_with_two_slashes(path):
    return external(path, location="//etc/hostname")


@case(3, "'w'", "link")
def link_to_the_parent_within_the_path(path):
    secret(path)
    link(path, "up", "..")
    return external(path, location="up/secret.bin")


@case(3, "'w'", "link")
def link_of_a_link_out_of_the_folder(path):
    secret(path)
    link(path, "first", "second")
    link(path, "second", "../secret.bin")
    return external(path, location="first")


@case(3, "'w'")
def link_in_a_circle(path):
    link(path, "one", "two")
    link(path, "two", "one")
    return external(path, location="one")


@case(3, "'w'", "link")
def link_to_a_process_file(path):
    link(path, "self", "/proc/self/environ")
    return external(path, location="self")


@case(3, "'w'")
def link_to_a_device(path):
    link(path, "zero", "/dev/zero")
    return external(path, location="zero")


@case(3, "'w'")
def link_to_nowhere(path):
    link(path, "gone", "not-there")
    return external(path, location="gone")


group("paths that are spelled oddly")


@case(3, "'w'", "%2e%2e")
def path_with_percent_signs(path):
    secret(path)
    return external(path, location="%2e%2e/secret.bin")


@case(3, "'w'", "backslashes")
def path_with_backslashes(path):
    secret(path)
    return external(path, location="..\\secret.bin")


@case(3, "'w'", r"\xc0\xae")
def path_with_overlong_utf8(path):
    secret(path)
    builder = external(path, location="@@@@/secret.bin")
    write(path, builder.model.SerializeToString().replace(b"@@@@", b"\xc0\xae\xc0\xae"))


@case(3, "'w'", "No such file")
def path_with_wide_dots(path):
    secret(path)
    return external(path, location="\uff0e\uff0e/secret.bin")


@case(3, "'w'", "names a folder")
def path_of_dots_only(path):
    return external(path, location="././a/..//.")


@case(3, "'w'", "names a folder")
def path_that_ends_in_a_slash(path):
    return external(path, location="model.onnx.data/")


@case(3, "'w'", "names a folder")
def path_that_ends_in_a_dot(path):
    return external(path, location="model.onnx.data/.")


@case(3, "'w'")
def path_with_a_trailing_dot(path):
    return external(path, location="model.onnx.data.")


@case(3, "'w'")
def path_with_a_trailing_blank(path):
    return external(path, location="model.onnx.data ")


@case(3, "'w'")
def path_with_other_capitals(path):
    return external(path, location="MODEL.onnx.data")


@case(3, "'w'")
def path_of_nothing(path):
    return external(path, location="")


@case(3, "'w'", "not a path")
def path_of_five_thousand_bytes(path):
    return external(path, location="a/" * 2500 + "b")


@case(3, "'w'")
def path_with_a_component_of_300_bytes(path):
    return external(path, location="a" * 300)


@case(3, "'w'", r"\u{1b}[2J")
def path_with_an_escape_sequence(path):
    return external(path, location="\x1b[2J\r\n.bin")


@case(3, "'w'")
def path_that_is_an_address(path):
    return external(path, location="file:///etc/hostname")


@case(3, "'w'")
def path_of_the_home_folder(path):
    return external(path, location="~/.profile")


@case(3, "'w'")
def path_with_a_shell_command(path):
    return external(path, location="$(touch hacked); `touch hacked` | touch hacked &")


group("special files")


@case(3, "'w'", "not a regular file")
def hard_link_to_a_pipe(path):
    if not os.path.exists(beside(path, "pipe")):
        os.mkfifo(beside(path, "pipe"))
        os.link(beside(path, "pipe"), beside(path, "hard"))
    return external(path, location="hard")


@case(3, "'w'")
def socket_as_data(path):
    name = beside(path, "socket")
    if not os.path.exists(name):
        # Names of sockets are short.
        folder = os.open(os.path.dirname(path), os.O_PATH)
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
    return external(path, location="socket")


@case(3, "'w'", "directory")
def folder_as_data(path):
    os.makedirs(beside(path, "folder"), exist_ok=True)
    return external(path, location="folder")


@case(3, "'w'")
def file_as_a_folder(path):
    return external(path, location="model.onnx.data/w")


@case(3, "'w'")
def process_files_below_the_folder(path):
    link(path, "fd", "/proc/self/fd")
    return external(path, location="fd/0")


@case(3, "'w'", "0")
def empty_file_as_data(path):
    write(beside(path, "empty"), b"")
    return external(path, location="empty")


group("where external data may be")


@case(4, "/node", "IsNan2", options=["--external-data-dir", "nowhere"])
def operator_that_is_unknown_and_no_data(path):
    builder = model(path)
    builder.node("IsNan2", "x", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "'w'", "nowhere", options=["--external-data-dir", "nowhere"])
def folder_of_data_that_is_missing(path):
    return external(path)


@case(5, "'b'", "--limit external-files=N", options=["--limit", "external-files=1"])
def more_files_than_the_limit(path):
    builder = model(path)
    for name in ("a", "b"):
        tensor = builder.model.graph.initializer.add(name=name, data_type=1, dims=[1], data_location=1)
        tensor.external_data.add(key="location", value=name + ".bin")
        write(beside(path, name + ".bin"), bytes(4))
    builder.node("Add", "a b", "y", name="/node")
    builder.outputs(y="f32")
    return builder


@case(3, "'/node'", "twice")
def constant_that_is_elsewhere_twice(path):
    builder = model(path)
    node = builder.node("Constant", "", "y", name="/node")
    tensor = node.attribute.add(name="value", type=4).t
    tensor.data_type, tensor.data_location = 1, 1
    for _ in range(2):
        tensor.external_data.add(key="location", value="w.bin")
    builder.outputs(y="f32")
    return builder


@case(3, "'/node'", "leads out")
def constant_that_is_in_the_parent(path):
    builder = model(path)
    node = builder.node("Constant", "", "y", name="/node")
    tensor = node.attribute.add(name="value", type=4).t
    tensor.data_type, tensor.data_location = 1, 1
    tensor.external_data.add(key="location", value="../secret.bin")
    builder.outputs(y="f32")
    return builder
