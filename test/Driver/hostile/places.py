"""External data: which part of its file, and its checksum."""
import hashlib

from common import case, external, group, write


group("places in a file")


@case(3, "'w'")
def offset_and_length_that_overflow(path):
    return external(path, offset=str(2**63 - 1), length="256")


@case(3, "'w'")
def offset_of_2_to_the_63(path):
    return external(path, offset=str(2**63))


@case(3, "'w'")
def offset_in_hexadecimal(path):
    return external(path, offset="0x10")


@case(3, "'w'")
def offset_that_is_a_real(path):
    return external(path, offset="1e2")


@case(3, "'w'")
def offset_with_a_sign(path):
    return external(path, offset="+0")


@case(3, "'w'")
def length_of_nothing(path):
    return external(path, length="")


@case(3, "'w'")
def length_of_zero(path):
    return external(path, length="0")


@case(3, "'w'", "twice")
def location_given_twice(path):
    builder = external(path)
    builder.model.graph.initializer[0].external_data.add(key="location", value="../secret.bin")
    return builder


@case(3, "'w'", "64 entries")
def many_entries(path):
    builder = external(path)
    for i in range(100):
        builder.model.graph.initializer[0].external_data.add(key=f"k{i}", value="v")
    return builder


@case(3, "'w'", "257")
def offset_behind_the_end_by_a_byte(path):
    return external(path, offset="1")


group("checksums")


@case(3, "'w'", "SHA-1", "40 hexadecimal")
def checksum_of_the_wrong_length(path):
    return external(path, checksum="abcd")


@case(3, "'w'", "40 hexadecimal")
def checksum_that_is_no_number(path):
    return external(path, checksum="z" * 40)


@case(3, "'w'", "SHA-1", "ask", options=["--verify-checksums"])
def checksum_of_other_data(path):
    return external(path, checksum="0" * 40)


@case(3, "'w'", "SHA-1", options=["--verify-checksums"])
def data_with_one_bit_changed(path):
    builder = external(path, checksum=hashlib.sha1(bytes(256)).hexdigest())
    write(path + ".data", bytes(255) + b"\1")
    return builder


@case(3, "'w'", "SHA-1", options=["--verify-checksums"])
def data_with_something_after_it(path):
    builder = external(path, checksum=hashlib.sha1(bytes(256)).hexdigest())
    write(path + ".data", bytes(257))
    return builder
