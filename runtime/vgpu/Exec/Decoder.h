// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From parsed PTX to records: registers get slots, constants rows, blocks their order, and each
// opcode its handler. What is not known is an error that names it.
#ifndef MOERT_VGPU_EXEC_DECODER_H
#define MOERT_VGPU_EXEC_DECODER_H

#include "vgpu/Exec/Program.h"
#include "vgpu/Exec/SlotPlan.h"

#include <map>

namespace moert::vgpu {

class Decoder {
public:
  Decoder(const ptx::Module &module, const ptx::Function &function,
          const VariableAddresses &addresses, Level level, Program &program,
          ptx::ParseError &error);
  /// False with the error.
  bool run();

private:
  using Operand = ptx::Operand;
  using Type = ptx::Type;

  // Layout (Decoder.cpp).
  bool placeVariables();
  /// Whether a variable is what calls pass in .param space: memory of each thread.
  bool isOfCall(size_t variable) const {
    return variable >= function_.numParameters && variable < function_.variables.size() &&
           function_.variables[variable].space == ptx::Space::Param;
  }
  bool placeRegisters();
  void findBlocks();
  bool emitBlocks();
  bool decode(const ptx::Instruction &instruction);

  // The opcode's modifiers, each to be taken once.
  bool take(std::string_view modifier);
  bool takeOneOf(std::initializer_list<std::string_view> modifiers);
  bool takeType(Type &type);
  bool isDone();
  bool expectOperands(size_t count);

  // Operands.
  bool slotOf(const Operand &operand, Type type, uint16_t &slot);
  bool registerOf(const Operand &operand, Type type, uint16_t &slot);
  /// One that is read, and one that is written.
  bool predicateOf(const Operand &operand, uint16_t &reference);
  bool predicateResult(const Operand &operand, uint16_t &reference);
  bool secondPredicate(const Operand &operand, uint16_t &reference);
  bool resultOf(const Operand &operand, Type type, uint16_t &slot, uint16_t &predicate);
  uint64_t addressOf(const Operand &operand) const;
  uint16_t constant(uint64_t bits, uint32_t bytes);
  uint16_t scratch(uint32_t bytes);

  // Records.
  Record &emit(Handler handler, Flow flow = Flow::Next);
  bool emit(Operation operation, Type type, uint16_t result,
            std::initializer_list<uint16_t> inputs);
  bool fail(const std::string &message);
  bool notSupported();

  // Families of opcodes (DecodeArithmetic.cpp).
  using Family = bool (Decoder::*)();
  static const std::map<std::string_view, Family> &families();
  bool arithmetic(Operation operation, uint32_t inputs);
  bool roundedToward(Operation operation, Rounding rounding, const uint16_t *inputs,
                     uint16_t result);
  bool decodeAdd() { return addOrSub(Operation::Add); }
  bool decodeSub() { return addOrSub(Operation::Sub); }
  bool addOrSub(Operation operation);
  bool decodeMul();
  bool decodeMad();
  bool decodeFma() { return arithmetic(Operation::Fma, 3); }
  bool decodeDiv();
  bool decodeRem() { return arithmetic(Operation::Rem, 2); }
  bool decodeAbs() { return arithmetic(Operation::Abs, 1); }
  bool decodeNeg() { return arithmetic(Operation::Neg, 1); }
  bool decodeMin();
  bool decodeMax();
  bool decodeAnd() { return arithmetic(Operation::And, 2); }
  bool decodeOr() { return arithmetic(Operation::Or, 2); }
  bool decodeXor() { return arithmetic(Operation::Xor, 2); }
  bool decodeNot() { return arithmetic(Operation::Not, 1); }
  bool decodeCnot() { return arithmetic(Operation::Cnot, 1); }
  bool decodeBrev() { return arithmetic(Operation::Brev, 1); }
  bool decodeCopysign() { return arithmetic(Operation::Copysign, 2); }
  bool decodeRcp() { return approximate(Operation::Rcp); }
  bool decodeSqrt() { return approximate(Operation::Sqrt); }
  bool decodeRsqrt() { return approximate(Operation::Rsqrt); }
  bool decodeSin() { return approximate(Operation::Sin); }
  bool decodeCos() { return approximate(Operation::Cos); }
  bool decodeLg2() { return approximate(Operation::Lg2); }
  bool decodeEx2() { return approximate(Operation::Ex2); }
  bool decodeTanh() { return approximate(Operation::Tanh); }
  bool approximate(Operation operation);
  bool decodeShl() { return shift(Operation::Shl); }
  bool decodeShr() { return shift(Operation::Shr); }
  bool shift(Operation operation);
  bool decodeShf();
  bool decodePopc() { return counting(Operation::Popc); }
  bool decodeClz() { return counting(Operation::Clz); }
  bool decodeBfind();
  bool counting(Operation operation);
  bool decodeBfe();
  bool decodeBfi();
  bool decodePrmt();
  bool decodeLop3();

  // (DecodeMoves.cpp)
  bool decodeMov();
  bool moveSpecial(const Operand &special, uint16_t result);
  bool pack(const Operand &parts, Type type, uint16_t result);
  bool unpack(const Operand &parts, Type type, uint16_t from);
  bool decodeCvt();
  bool decodeCvta();
  bool decodeLd();
  bool decodeSt();
  bool access(bool isStore);
  bool addressOf(const Operand &memory, Access &access);
  ptx::Space takeSpace();
  void takeOrder(Order &order, Scope &scope);

  // (DecodeCompare.cpp)
  struct Comparison {
    Operation operation = Operation::Equal;
    Joined joined = Joined::No;
    bool flushes = false;
    uint16_t inputs[2] = {}, other = 0;
  };
  bool takeComparison(Comparison &comparison);
  bool comparedOf(Comparison &comparison, Type type);
  bool compare(const Comparison &comparison, Type type, uint16_t result, uint16_t opposite);
  bool halfOfPairs(const Comparison &pairs, bool isHigh, Comparison &halves);
  bool decodeSetp();
  bool decodeSet();
  uint16_t compared();
  bool decodeSelp();

  // (DecodeFlow.cpp)
  bool decodeBra();
  bool decodeBrx();
  bool decodeRet();
  bool decodeTrap();
  bool decodeBar();
  bool decodeFence();
  size_t skipUnlessGuarded();
  void endSkip(size_t branch);

  // (DecodeAtomic.cpp)
  bool decodeAtom() { return atomic(true); }
  bool decodeRed() { return atomic(false); }
  bool atomic(bool hasResult);
  bool atomicOperation(Type type, uint32_t count, Atomic &operation);

  // (DecodeCarry.cpp)
  bool decodeAddc() { return withCarry(Operation::Add, true); }
  bool decodeSubc() { return withCarry(Operation::Sub, true); }
  bool decodeMadc() { return withCarry(Operation::Mad, true); }
  bool withCarry(Operation operation, bool readsCarry);

  // (DecodeAsync.cpp)
  bool decodeCp();

  // (DecodeCollective.cpp)
  bool decodeShfl();
  bool decodeVote();
  bool decodeMatch();
  bool decodeRedux();
  bool decodeElect();
  bool decodeActivemask();
  bool decodeNanosleep();
  Record &emitCollective(Handler handler, uint16_t result, uint16_t mask);

  // (DecodeMatrix.cpp)
  bool decodeMma();
  bool decodeLdmatrix();
  bool decodeStmatrix();
  bool decodeMovmatrix();
  bool moveMatrices(bool isStore);
  bool matrixOf(const Operand &operand, Type type, uint32_t count, bool isResult, uint16_t *slots);
  Record &emitForWarp(Handler handler);

  const ptx::Module &module_;
  const ptx::Function &function_;
  const VariableAddresses &addresses_;
  const Level level_;
  Program &program_;
  ptx::ParseError &error_;

  /// Of the function's variables and the module's shared ones.
  std::vector<uint64_t> places_;
  std::vector<uint64_t> modulePlaces_;
  /// Slot or predicate of each register.
  std::vector<uint16_t> slots_;
  std::map<std::pair<uint64_t, uint32_t>, uint16_t> constants_;
  /// The predicate of carries, or 0 as long as there are none.
  uint16_t carry_ = 0;
  /// The predicate of `set`, likewise.
  uint16_t compared_ = 0;
  uint32_t numSlots_ = 0, scratchUsed_ = 0, mostScratch_ = 0;

  std::vector<CodeBlock> blocks_;
  std::vector<uint32_t> order_;   // of blocks in the layout
  std::vector<uint32_t> blockOf_; // each instruction's, and one for the end
  std::vector<uint32_t> starts_;  // each block's record
  /// Records whose `extra` is a block still, and tables.
  std::vector<size_t> jumps_;

  // Of the instruction that is decoded.
  const ptx::Instruction *instruction_ = nullptr;
  std::string_view name_;
  std::vector<std::string_view> modifiers_;
  uint16_t guard_ = 0;
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_DECODER_H
