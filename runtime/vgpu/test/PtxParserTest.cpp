// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Module.h"

#include <gtest/gtest.h>

using namespace moert::vgpu::ptx;

namespace {

const std::string kHead = ".version 8.0\n.target sm_80\n.address_size 64\n";

std::unique_ptr<Module> parsed(const std::string &body) {
  ParseError error;
  auto module = parse(kHead + body, error);
  EXPECT_TRUE(module) << error.line << ": " << error.message;
  return module ? std::move(module) : std::make_unique<Module>();
}

/// "LINE: message" of text whose first line is the fourth.
std::string errorOf(const std::string &body) {
  ParseError error;
  EXPECT_FALSE(parse(kHead + body, error));
  return std::to_string(error.line) + ": " + error.message;
}

/// An entry with registers of several types, and these instructions.
std::string inEntry(const std::string &body) {
  return ".visible .entry k(.param .u64 p)\n{ .reg .pred %p<3>; .reg .b32 %r<9>; .reg .b64 "
         "%rd<9>;\n" +
         body + "\n}\n";
}

const Function &entryOf(const std::unique_ptr<Module> &module) {
  EXPECT_EQ(module->functions.size(), 1u);
  static const Function none;
  return module->functions.empty() ? none : module->functions[0];
}

TEST(PtxParserTest, HeadIsRead) {
  auto module = parsed("");
  EXPECT_EQ(module->versionMajor, 8u);
  EXPECT_EQ(module->versionMinor, 0u);
  EXPECT_EQ(module->target, "sm_80");
}

TEST(PtxParserTest, EntriesHaveParametersAndLimits) {
  auto module =
      parsed(".visible .entry k(\n\t.param .u64 .ptr .global .align 16 k_param_0,\n"
             "\t.param .align 8 .b8 k_param_1[24]\n)\n.reqntid 128, 2, 1\n.minnctapersm 2\n"
             "{\n.reg .b32 %r<3>;\n.shared .align 16 .b8 tile[512];\nret;\n}");
  const Function &entry = entryOf(module);
  EXPECT_TRUE(entry.isEntry);
  EXPECT_EQ(entry.name, "k");
  ASSERT_EQ(entry.numParameters, 2u);
  EXPECT_EQ(entry.variables[0].bytes, 8u);
  EXPECT_EQ(entry.variables[0].alignment, 8u);
  EXPECT_EQ(entry.variables[1].bytes, 24u);
  EXPECT_EQ(entry.variables[1].alignment, 8u);
  EXPECT_EQ(entry.requiredThreads, (std::array<uint32_t, 3>{128, 2, 1}));
  EXPECT_EQ(entry.mostThreads, (std::array<uint32_t, 3>{0, 0, 0}));
  ASSERT_EQ(entry.variables.size(), 3u);
  EXPECT_EQ(entry.variables[2].space, Space::Shared);
  EXPECT_EQ(entry.variables[2].bytes, 512u);
  EXPECT_EQ(entry.registers.size(), 3u);
}

TEST(PtxParserTest, OperandsOfEachKind) {
  auto module = parsed(inEntry("@!%p1 ld.global.v2.b32 {%r1, _}, [%rd2+-16];\n"
                               "elect.sync %r2|%p1, -1;\nmov.b32 %r3, 0fBF800000;\n"
                               "mov.f64 %rd1, -1.5;\nmov.b64 %rd3, p+4;\nsetp.eq.and.s32 %p1|%p2, "
                               "%r1, %tid.x, !%p0;\nmov.u64 %rd4, 0xFFFFFFFFFFFFFFFFU;"));
  const Function &entry = entryOf(module);
  ASSERT_EQ(entry.instructions.size(), 7u);
  const Instruction &load = entry.instructions[0];
  EXPECT_EQ(load.opcode, "ld.global.v2.b32");
  EXPECT_EQ(load.line, 6u);
  EXPECT_TRUE(load.isGuardNegated);
  EXPECT_EQ(entry.registers[load.guard], Type::Pred);
  ASSERT_EQ(load.operands.size(), 2u);
  ASSERT_EQ(load.operands[0].elements.size(), 2u);
  EXPECT_EQ(load.operands[0].elements[1].kind, Operand::Kind::Discard);
  EXPECT_EQ(load.operands[1].kind, Operand::Kind::Memory);
  EXPECT_EQ(load.operands[1].base, Operand::Kind::Register);
  EXPECT_EQ(int64_t(load.operands[1].value), -16);
  const Instruction &elect = entry.instructions[1];
  EXPECT_EQ(entry.registers[elect.operands[0].second], Type::Pred);
  EXPECT_EQ(int64_t(elect.operands[1].value), -1);
  EXPECT_EQ(entry.instructions[2].operands[1].kind, Operand::Kind::Real32);
  EXPECT_EQ(entry.instructions[2].operands[1].value, 0xBF800000u);
  EXPECT_EQ(entry.instructions[3].operands[1].value, 0xBFF8000000000000u);
  EXPECT_EQ(entry.instructions[4].operands[1].kind, Operand::Kind::Variable);
  EXPECT_EQ(entry.instructions[4].operands[1].value, 4u);
  EXPECT_EQ(entry.instructions[5].operands[2].kind, Operand::Kind::Special);
  EXPECT_EQ(Special(entry.instructions[5].operands[2].index), Special::TidX);
  EXPECT_TRUE(entry.instructions[5].operands[3].isNegated);
  EXPECT_EQ(entry.instructions[6].operands[1].value, UINT64_MAX);
}

TEST(PtxParserTest, LabelsAreOfTheirScopes) {
  // Twice the same inline assembly, with a label of its own; the outer one is declared later.
  const std::string wait = "{ .reg .pred %q; LOOP: @%q bra DONE; bra LOOP; DONE: }\n";
  auto module = parsed(inEntry(wait + wait + "{ bra OUT; }\nOUT: ret;"));
  const Function &entry = entryOf(module);
  ASSERT_EQ(entry.instructions.size(), 6u);
  auto targetOf = [&](size_t instruction) {
    return entry.labels[entry.instructions[instruction].operands[0].index].instruction;
  };
  EXPECT_EQ(targetOf(0), 2u);
  EXPECT_EQ(targetOf(1), 0u);
  EXPECT_EQ(targetOf(2), 4u);
  EXPECT_EQ(targetOf(3), 2u);
  EXPECT_EQ(targetOf(4), 5u);
}

TEST(PtxParserTest, BranchTables) {
  auto module = parsed(inEntry("T: .branchtargets A, B;\nbrx.idx %r1, T;\nA: ret;\nB: ret;"));
  const Function &entry = entryOf(module);
  const Label &table = entry.labels[entry.instructions[0].operands[1].index];
  ASSERT_EQ(table.targets.size(), 2u);
  EXPECT_EQ(entry.labels[table.targets[0]].instruction, 1u);
  EXPECT_EQ(entry.labels[table.targets[1]].instruction, 2u);
}

TEST(PtxParserTest, VariablesHaveInitialValues) {
  auto module =
      parsed(".global .align 4 .b8 t[6] = {1, 2, 0x3};\n.const .f32 c[2] = {0f3F800000, 2.5};\n"
             ".global .u64 a[2] = {t+4, generic(t)};\n.global .u32 m[2][2] = {{1, 2}, {3, 4}};\n"
             ".extern .shared .align 16 .b8 dynamic[];");
  ASSERT_EQ(module->variables.size(), 5u);
  EXPECT_EQ(module->variables[0].initial, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_EQ(module->variables[0].bytes, 6u);
  EXPECT_EQ(module->variables[1].space, Space::Const);
  EXPECT_EQ(module->variables[1].initial,
            (std::vector<uint8_t>{0, 0, 0x80, 0x3F, 0, 0, 0x20, 0x40}));
  ASSERT_EQ(module->variables[2].addresses.size(), 2u);
  EXPECT_EQ(module->variables[2].addresses[0].addend, 4u);
  EXPECT_EQ(module->variables[2].addresses[1].offset, 8u);
  EXPECT_TRUE(module->variables[2].addresses[1].isGeneric);
  EXPECT_EQ(module->variables[3].bytes, 16u);
  EXPECT_EQ(module->variables[3].initial[12], 4);
  EXPECT_EQ(module->variables[4].bytes, 0u);
  EXPECT_TRUE(module->variables[4].isExternal);
}

TEST(PtxParserTest, FunctionsAndCalls) {
  auto module = parsed(".func (.param .b32 out) f(.param .b32 in);\n" +
                       inEntry("{ .param .b32 a; .param .b32 b; call.uni (b), f, (a); }") +
                       ".func (.param .b32 out) f(.param .b32 in) { ret; }");
  ASSERT_EQ(module->functions.size(), 2u);
  EXPECT_TRUE(module->functions[0].hasBody);
  EXPECT_EQ(module->functions[0].numResults, 1u);
  const Instruction &call = module->functions[1].instructions[0];
  EXPECT_EQ(call.operands[1].kind, Operand::Kind::Function);
  EXPECT_EQ(call.operands[0].elements.size(), 1u);
}

TEST(PtxParserTest, CommentsAndDebugInformationAreSkipped) {
  parsed("/* a\n b */ .file 1 \"x.cu\"\n" + inEntry(".loc 1 2 3\n// bra nowhere\nret;") +
         ".section .debug_loc { .b8 1, 2\n.b32 x }\n");
}

struct BadText {
  const char *body, *message;
};

TEST(PtxParserTest, MistakesNameLineAndToken) {
  const BadText cases[] = {
      {"garbage", "4: expected a function or a variable, found 'garbage'"},
      {".global .b32", "4: expected the name of a variable, found the end of the text"},
      {".global .pred x;", "4: '.pred' is no type of variables"},
      {".global .align 3 .b32 x;", "alignment that is a power of two"},
      {".global .b32 x;\n.global .b32 x;", "5: 'x' is declared twice"},
      {".global .b8 x[4294967296];", "4: expected a number of elements, found '4294967296'"},
      {".global .b32 x[1000000000];", "less than 2 GiB"},
      {".global .b8 x[1] = {1, 2};", "no more values than the variable has elements"},
      {".global .b32 x = y;", "the address of a variable"},
      {".entry k() { ret }", "4: expected an operand, found '}'"},
      {".entry k() { bra nowhere; }", "4: 'nowhere' is not declared"},
      {".entry k() { mov.u32 %r1, 1; }", "'%r1' is neither declared nor a special register"},
      {".entry k() { .reg .b32 %r<2>; mov.b32 %r2, 1; }", "'%r2' is neither declared"},
      {".entry k() { .reg .b32 %r<70000>; }", "a number of registers up to 65536"},
      {".entry k() { .reg .b32 %r; @%r ret; }", "expected a predicate, found '%r'"},
      {".entry k() { .reg .b32 a; mov.b32 a, !a; }", "expected a predicate before this"},
      {".entry k() { A: A: ret; }", "4: 'A' is declared twice"},
      {".entry k() {", "found the end of the text"},
      {".entry k() { ld.b32 [", "found the end of the text"},
      {".entry k() { mov.b32 0f12, 1; }", "a float with too few digits"},
      {".entry k() { mov.b32 99999999999999999999, 1; }", "a number of more than 64 bits"},
      {".entry k() { mov.b32 12ab, 1; }", "a malformed number"},
      {".entry k() { \x01 }", "a character that PTX does not have"},
      {".pragma \"x", "a string without its end"},
      {"/* x", "a comment without its end"},
      {".entry k() { ret; }\n.entry k() { ret; }", "5: 'k' is defined twice"},
      {".extern .func f() { ret; }", "expected ';' after an external function"},
      {".entry k() .unknown { ret; }", "an attribute that is supported"},
      {".entry k() { P: .callprototype _ (.param .b32 _); }", "calls through addresses"},
  };
  for (const BadText &bad : cases)
    EXPECT_NE(errorOf(bad.body).find(bad.message), std::string::npos)
        << bad.body << "\nis refused with\n"
        << errorOf(bad.body);
}

TEST(PtxParserTest, HeadsThatAreWrong) {
  for (const auto &[text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "expected '.version'"},
           {".version 8", "expected a version"},
           {".version 8.0\n.target 80", "a target, as in sm_80"},
           {".version 8.0\n.target sm_80\n.address_size 32", "addresses of 32 bits"}}) {
    ParseError error;
    EXPECT_FALSE(parse(text, error));
    EXPECT_NE(error.message.find(message), std::string::npos) << error.message;
  }
}

TEST(PtxParserTest, DepthOfBlocksIsLimited) {
  EXPECT_NE(errorOf(".entry k() " + std::string(1000, '{')).find("too deep"), std::string::npos);
}

TEST(PtxParserTest, AnyPrefixEndsWithoutACrash) {
  const std::string text =
      kHead + ".global .u64 t;\n.global .u64 a[2] = {t+4, generic(t)};\n" +
      inEntry("{ .param .b32 q; @%p1 bra OUT; }\nld.global.v2.b32 {%r1, _}, [%rd2+-16];\n"
              "OUT: elect.sync %r2|%p1, -1;\nT: .branchtargets OUT;\nbrx.idx %r1, T;\nmov.f64 "
              "%rd1, -1.5e3;");
  ParseError error;
  ASSERT_TRUE(parse(text, error)) << error.message;
  for (size_t length = 0; length + 1 < text.size(); ++length) {
    ParseError found;
    const bool isGood = parse(text.substr(0, length), found) != nullptr;
    EXPECT_EQ(isGood, found.message.empty()) << length;
  }
}

} // namespace
