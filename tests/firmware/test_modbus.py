"""PDUs against the examples of the Modbus Application Protocol V1.1b3, clauses 6.3, 6.6 and 6.12."""

import errno

from islet.drivers import modbus


def _errno(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0


def test_read_request_of_clause_6_3():
    buf = bytearray(20)
    assert modbus.encode_read(buf, 2, 0x6B, 3) == 5
    assert bytes(buf[2:7]) == b"\x03\x00\x6b\x00\x03"
    assert buf[0:2] == bytes(2)
    assert buf[7] == 0


def test_read_response_of_clause_6_3():
    pdu = bytearray(b"\x03\x06\x02\x2b\x00\x00\x00\x64")
    modbus.check_read(pdu, 0, len(pdu), 3)


def test_write_single_of_clause_6_6():
    buf = bytearray(5)
    assert modbus.encode_write_single(buf, 0, 1, 3) == 5
    assert bytes(buf) == b"\x06\x00\x01\x00\x03"
    modbus.check_write(buf, 0, 5, modbus.WRITE_SINGLE, 1, 3)
    assert _errno(modbus.check_write, buf, 0, 5, modbus.WRITE_SINGLE, 1, 4) == errno.EIO


def test_write_multiple_of_clause_6_12():
    buf = bytearray(10)
    assert modbus.encode_write(buf, 0, 1, [0x000A, 0x0102]) == 10
    assert bytes(buf) == b"\x10\x00\x01\x00\x02\x04\x00\x0a\x01\x02"
    answer = bytearray(b"\x10\x00\x01\x00\x02")
    modbus.check_write(answer, 0, 5, modbus.WRITE_MULTIPLE, 1, 2)
    assert _errno(modbus.check_write, answer, 0, 5, modbus.WRITE_MULTIPLE, 2, 2) == errno.EIO
    assert _errno(modbus.check_write, answer, 0, 4, modbus.WRITE_MULTIPLE, 1, 2) == errno.EIO


def test_bounds_of_the_protocol():
    buf = bytearray(260)
    assert modbus.encode_read(buf, 0, 0xFFFF - 124, 125) == 5
    assert _errno(modbus.encode_read, buf, 0, 0, 126) == errno.EINVAL
    assert _errno(modbus.encode_read, buf, 0, 0, 0) == errno.EINVAL
    assert _errno(modbus.encode_read, buf, 0, 0xFFFF, 2) == errno.EINVAL
    assert modbus.encode_write(buf, 0, 0, [0xFFFF] * 123) == 6 + 246
    assert _errno(modbus.encode_write, buf, 0, 0, [0] * 124) == errno.EINVAL
    assert _errno(modbus.encode_write, buf, 0, 0, []) == errno.EINVAL
    assert _errno(modbus.encode_write, buf, 0, 0, [0x10000]) == errno.EINVAL
    assert _errno(modbus.encode_write, buf, 0, 0, [-1]) == errno.EINVAL
    assert _errno(modbus.encode_write_single, buf, 0, 0, 0x10000) == errno.EINVAL


def test_exception_of_clause_7_carries_its_code():
    pdu = bytearray(b"\x83\x02")
    found = None
    try:
        modbus.check_read(pdu, 0, 2, 3)
    except modbus.ModbusError as error:
        found = error
    assert found.code == modbus.ILLEGAL_ADDRESS
    assert found.errno == errno.EIO
    assert found.permanent()
    assert not modbus.ModbusError(modbus.DEVICE_FAILURE).permanent()
    assert not modbus.ModbusError(modbus.GATEWAY_TARGET).permanent()


def test_malformed_responses():
    for pdu, count in (
        (b"\x03\x04\x00\x01\x00\x02", 3),  # fewer registers than asked
        (b"\x03\x06\x00\x01\x00\x02", 3),  # says three, holds two
        (b"\x04\x02\x00\x01", 1),  # another function
        (b"\x90\x02", 1),  # refusal of another function
        (b"\x83\x02\x00", 1),  # refusal too long
        (b"\x03", 1),
    ):
        assert _errno(modbus.check_read, bytearray(pdu), 0, len(pdu), count) == errno.EIO


def test_coils_and_inputs_of_clauses_6_1_and_6_2():
    buf = bytearray(5)
    assert modbus.encode_read_bits(buf, 0, 0x13, 19) == 5
    assert bytes(buf) == b"\x01\x00\x13\x00\x13"
    modbus.check_data(bytearray(b"\x01\x03\xcd\x6b\x05"), 0, 5, modbus.READ_COILS, modbus.bytes_of(19))
    assert modbus.encode_read_bits(buf, 0, 0xC4, 22, modbus.READ_INPUT_BITS) == 5
    assert bytes(buf) == b"\x02\x00\xc4\x00\x16"
    modbus.check_data(bytearray(b"\x02\x03\xac\xdb\x35"), 0, 5, modbus.READ_INPUT_BITS, modbus.bytes_of(22))


def test_input_register_of_clause_6_4():
    buf = bytearray(5)
    assert modbus.encode_read(buf, 0, 8, 1, modbus.READ_INPUT) == 5
    assert bytes(buf) == b"\x04\x00\x08\x00\x01"
    modbus.check_read(bytearray(b"\x04\x02\x00\x0a"), 0, 4, 1, modbus.READ_INPUT)
    assert _errno(modbus.check_read, bytearray(b"\x04\x02\x00\x0a"), 0, 4, 1) == errno.EIO  # asked with 3


def test_write_coil_of_clause_6_5():
    buf = bytearray(5)
    assert modbus.encode_write_coil(buf, 0, 0xAC, True) == 5
    assert bytes(buf) == b"\x05\x00\xac\xff\x00"
    modbus.check_write(buf, 0, 5, modbus.WRITE_COIL, 0xAC, modbus.coil(True))
    modbus.encode_write_coil(buf, 0, 0xAC, False)
    assert bytes(buf[3:]) == b"\x00\x00"


def test_write_coils_of_clause_6_11():
    buf = bytearray(b"\xff" * 8)
    assert modbus.encode_write_bits(buf, 0, 0x13, [1, 0, 1, 1, 0, 0, 1, 1, 1, 0]) == 8
    assert bytes(buf) == b"\x0f\x00\x13\x00\x0a\x02\xcd\x01"
    modbus.check_write(bytearray(b"\x0f\x00\x13\x00\x0a"), 0, 5, modbus.WRITE_BITS, 0x13, 10)


def test_read_and_write_of_clause_6_17():
    buf = bytearray(16)
    assert modbus.encode_read_write(buf, 0, 3, 6, 14, [0xFF, 0xFF, 0xFF]) == 16
    assert bytes(buf) == b"\x17\x00\x03\x00\x06\x00\x0e\x00\x03\x06\x00\xff\x00\xff\x00\xff"
    answer = bytearray(b"\x17\x0c\x00\xfe\x0a\xcd\x00\x01\x00\x03\x00\x0d\x00\xff")
    modbus.check_read(answer, 0, len(answer), 6, modbus.READ_WRITE)


def test_bounds_of_bits_and_of_both_in_one():
    buf = bytearray(260)
    assert modbus.encode_read_bits(buf, 0, 0, 2000) == 5
    assert _errno(modbus.encode_read_bits, buf, 0, 0, 2001) == errno.EINVAL
    assert _errno(modbus.encode_read_bits, buf, 0, 0, 1, 3) == errno.EINVAL
    assert _errno(modbus.encode_read, buf, 0, 0, 1, 1) == errno.EINVAL
    assert modbus.encode_write_bits(buf, 0, 0, [True] * 1968) == 6 + 246
    assert _errno(modbus.encode_write_bits, buf, 0, 0, [True] * 1969) == errno.EINVAL
    assert modbus.encode_read_write(buf, 0, 0, 125, 0, [0] * 121) == 10 + 242
    assert _errno(modbus.encode_read_write, buf, 0, 0, 126, 0, [0]) == errno.EINVAL
    assert _errno(modbus.encode_read_write, buf, 0, 0, 1, 0, [0] * 122) == errno.EINVAL
    assert _errno(modbus.encode_read_write, buf, 0, 0, 1, 0xFFFF, [0, 0]) == errno.EINVAL
