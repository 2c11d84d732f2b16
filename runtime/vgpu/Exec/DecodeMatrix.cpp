// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on matrices.
#include "vgpu/Exec/Decoder.h"
#include "vgpu/Exec/Matrix.h"

#include <algorithm>
#include <optional>

namespace moert::vgpu {

using ptx::Space;

namespace {

/// What the PTX ISA has for dense matrices, but for bits and what `.kind` chooses. S8 stands for
/// U8 too and E4M3 for E5M2; a and b may differ in that.
constexpr MatrixForm kForms[] = {
    {16, 8, 8, Element::F16, Element::F16, Element::F16},
    {16, 8, 8, Element::F16, Element::F16, Element::F32},
    {16, 8, 16, Element::F16, Element::F16, Element::F16},
    {16, 8, 16, Element::F16, Element::F16, Element::F32},
    {16, 8, 8, Element::BF16, Element::BF16, Element::F32},
    {16, 8, 16, Element::BF16, Element::BF16, Element::F32},
    {16, 8, 4, Element::TF32, Element::TF32, Element::F32},
    {16, 8, 8, Element::TF32, Element::TF32, Element::F32},
    {16, 8, 16, Element::S8, Element::S8, Element::S32},
    {16, 8, 32, Element::S8, Element::S8, Element::S32},
    {16, 8, 16, Element::E4M3, Element::E4M3, Element::F16},
    {16, 8, 16, Element::E4M3, Element::E4M3, Element::F32},
    {16, 8, 32, Element::E4M3, Element::E4M3, Element::F16},
    {16, 8, 32, Element::E4M3, Element::E4M3, Element::F32},
    {8, 8, 4, Element::F64, Element::F64, Element::F64},
};

struct ElementRow {
  std::string_view name;
  Element element;
  uint32_t bits;
  /// Of the registers that hold it.
  ptx::Type type;
};
constexpr ElementRow kElements[] = {
    {"f16", Element::F16, 16, ptx::Type::B32},   {"bf16", Element::BF16, 16, ptx::Type::B32},
    {"tf32", Element::TF32, 32, ptx::Type::B32}, {"f64", Element::F64, 64, ptx::Type::F64},
    {"e4m3", Element::E4M3, 8, ptx::Type::B32},  {"e5m2", Element::E5M2, 8, ptx::Type::B32},
    {"s8", Element::S8, 8, ptx::Type::B32},      {"u8", Element::U8, 8, ptx::Type::B32},
    {"f32", Element::F32, 32, ptx::Type::F32},   {"s32", Element::S32, 32, ptx::Type::S32},
};

const ElementRow *elementNamed(std::string_view name) {
  for (const ElementRow &row : kElements)
    if (row.name == name)
      return &row;
  return nullptr;
}

Element familyOf(Element element) {
  return element == Element::U8 ? Element::S8 : element == Element::E5M2 ? Element::E4M3 : element;
}

std::string shapeOf(const MatrixForm &form) {
  return "m" + std::to_string(form.m) + "n" + std::to_string(form.n) + "k" + std::to_string(form.k);
}

std::optional<MatrixForm> formOf(std::string_view shape, Element a, Element b, Element c) {
  for (const MatrixForm &form : kForms)
    if (form.a == familyOf(a) && form.b == familyOf(b) && form.c == c && shapeOf(form) == shape)
      return MatrixForm{form.m, form.n, form.k, a, b, c};
  return std::nullopt;
}

} // namespace

/// Slots of a matrix's registers, `{a, b}` or a single one.
bool Decoder::matrixOf(const Operand &operand, Type type, uint32_t count, bool isResult,
                       uint16_t *slots) {
  const bool isVector = operand.kind == Operand::Kind::Vector;
  if ((isVector ? operand.elements.size() : 1) != count)
    return fail("has another number of registers than the " + std::to_string(count) +
                " of its matrix");
  for (uint32_t i = 0; i < count; ++i) {
    const Operand &element = isVector ? operand.elements[i] : operand;
    if (isResult ? !registerOf(element, type, slots[i]) : !slotOf(element, type, slots[i]))
      return false;
  }
  return true;
}

/// `mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 d, a, b, c`.
bool Decoder::decodeMma() {
  if (!take("sync") || !take("aligned"))
    return notSupported();
  const bool saturates = take("satfinite");
  if (modifiers_.size() != 7)
    return notSupported();
  if (modifiers_[1] != "row" || modifiers_[2] != "col")
    return fail("has matrices in another order than row.col");
  const ElementRow *d = elementNamed(modifiers_[3]), *a = elementNamed(modifiers_[4]),
                   *b = elementNamed(modifiers_[5]), *c = elementNamed(modifiers_[6]);
  if (!d || !a || !b || !c || d != c || (saturates && c->element != Element::S32))
    return notSupported();
  const auto form = formOf(modifiers_[0], a->element, b->element, c->element);
  if (!form)
    return fail("has shape " + std::string(modifiers_[0]) +
                ", which is not supported for its types");
  MatrixProduct product;
  product.form = *form;
  product.form.saturates = saturates;
  product.multiply = findMultiply(level_);
  auto registers = [](uint32_t rows, uint32_t columns, const ElementRow &element) {
    return rows * columns * element.bits / (kLanes * sizeOf(element.type) * 8);
  };
  const auto &operands = instruction_->operands;
  if (!expectOperands(4) ||
      !matrixOf(operands[0], d->type, registers(form->m, form->n, *d), true, product.d.data()) ||
      !matrixOf(operands[1], a->type, registers(form->m, form->k, *a), false, product.a.data()) ||
      !matrixOf(operands[2], b->type, registers(form->k, form->n, *b), false, product.b.data()) ||
      !matrixOf(operands[3], c->type, registers(form->m, form->n, *c), false, product.c.data()))
    return false;
  const size_t branch = skipUnlessGuarded();
  emitForWarp(multiplyMatrices).extra = uint32_t(program_.products.size());
  program_.products.push_back(product);
  endSkip(branch);
  return true;
}

/// For which all lanes of the warp must be together.
Record &Decoder::emitForWarp(Handler handler) {
  Record &record = emit(handler, Flow::Sync);
  record.inputs[3] = kNoSlot;
  return record;
}

bool Decoder::decodeLdmatrix() { return moveMatrices(false); }
bool Decoder::decodeStmatrix() { return moveMatrices(true); }

/// `ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {a, b, c, d}, [row]`.
bool Decoder::moveMatrices(bool isStore) {
  if (!take("sync") || !take("aligned") || !take("m8n8") || !take("b16"))
    return notSupported();
  Access access;
  access.count = take("x1") ? 1 : take("x2") ? 2 : take("x4") ? 4 : 0;
  const bool isTransposed = take("trans");
  access.space = takeOneOf({"shared", "shared::cta"}) ? Space::Shared : Space::Generic;
  if (access.count == 0)
    return notSupported();
  if (!isDone() || !expectOperands(2) ||
      !addressOf(instruction_->operands[isStore ? 0 : 1], access) ||
      !matrixOf(instruction_->operands[isStore ? 1 : 0], Type::B32, access.count, !isStore,
                access.slots.data()))
    return false;
  const size_t branch = skipUnlessGuarded();
  Record &record = emitForWarp(isStore ? storeMatrices : loadMatrices);
  record.flags = isTransposed;
  record.extra = uint32_t(program_.accesses.size());
  program_.accesses.push_back(access);
  endSkip(branch);
  return true;
}

/// `movmatrix.sync.aligned.m8n8.trans.b16 d, a`.
bool Decoder::decodeMovmatrix() {
  if (!take("sync") || !take("aligned") || !take("m8n8") || !take("trans") || !take("b16"))
    return notSupported();
  uint16_t result, value;
  if (!isDone() || !expectOperands(2) ||
      !registerOf(instruction_->operands[0], Type::B32, result) ||
      !slotOf(instruction_->operands[1], Type::B32, value))
    return false;
  const size_t branch = skipUnlessGuarded();
  Record &record = emitForWarp(transposeMatrix);
  record.result = result;
  record.inputs[0] = value;
  endSkip(branch);
  return true;
}

} // namespace moert::vgpu
