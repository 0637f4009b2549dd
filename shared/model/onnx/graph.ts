/** Writes an ONNX model: nodes and small constants in model.onnx, weights beside it in one mapped file. */
import { type FileHandle, open } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

export { DataType };

/** Opset 21 has what the decoder needs; com.microsoft holds onnxruntime's own operators. */
const OPSET = 21n;
const IR_VERSION = 10n;
/** onnxruntime maps external weights by pages. */
const ALIGNMENT = 4096;

/** Name of a value in the graph. */
export type ValueName = string;
export type Dimension = number | string;
export type TensorData = Float32Array | Int8Array | Uint8Array | Uint16Array | Int32Array | BigInt64Array;
type Attribute = number | number[] | { float: number };

/** File of a model's weights: tensors one after the other, page-aligned. */
export class WeightsFile {
  readonly name: string;
  #handle: FileHandle;
  #size = 0;

  private constructor(name: string, handle: FileHandle) {
    this.name = name;
    this.#handle = handle;
  }

  static async create(directory: string, name: string): Promise<WeightsFile> {
    return new WeightsFile(name, await open(`${directory}/${name}`, 'wx'));
  }

  /** Appends a tensor; returns where it lies. */
  async append(data: TensorData): Promise<{ offset: number; length: number }> {
    const offset = Math.ceil(this.#size / ALIGNMENT) * ALIGNMENT;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, 2 ** 30);
      const { bytesWritten } = await this.#handle.write(bytes, done, length, offset + done);
      done += bytesWritten;
    }
    this.#size = offset + bytes.length;
    return { offset, length: bytes.length };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** A graph under construction. */
export class GraphBuilder {
  readonly name: string;
  #nodes: NodeProto[] = [];
  #initializers: TensorProto[] = [];
  #inputs: ValueInfoProto[] = [];
  #outputs: ValueInfoProto[] = [];
  #declared: ValueInfoProto[] = [];
  #constants = new Map<string, ValueName>();
  #weights: WeightsFile | undefined;
  #next = 0;

  constructor(name: string, weights?: WeightsFile) {
    this.name = name;
    this.#weights = weights;
  }

  input(name: ValueName, type: DataType, shape: readonly Dimension[]): ValueName {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: ValueName, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** Says what shape a value has where that cannot be inferred: equal shapes let onnxruntime use memory again. */
  declare(value: ValueName, type: DataType, shape: readonly Dimension[]): ValueName {
    this.#declared.push(valueInfo(value, type, shape));
    return value;
  }

  /** Adds a node with one output. */
  node(
    operator: string,
    inputs: readonly ValueName[],
    attributes: Record<string, Attribute> = {},
    output: ValueName = this.#fresh(operator),
  ): ValueName {
    this.#add('', operator, inputs, [output], attributes);
    return output;
  }

  /** Adds a node of onnxruntime's own (com.microsoft) with one output. */
  contrib(
    operator: string,
    inputs: readonly ValueName[],
    attributes: Record<string, Attribute> = {},
    output: ValueName = this.#fresh(operator),
  ): ValueName {
    this.#add('com.microsoft', operator, inputs, [output], attributes);
    return output;
  }

  /** Cuts a value along an axis into parts of the given sizes. */
  split(value: ValueName, sizes: readonly number[], axis = -1): ValueName[] {
    const outputs = sizes.map(() => this.#fresh('Split'));
    this.#add('', 'Split', [value, this.int64s(sizes)], outputs, { axis });
    return outputs;
  }

  float(value: number): ValueName {
    return this.#constant(DataType.FLOAT, [], Float32Array.of(value));
  }

  floats(values: Float32Array): ValueName {
    return this.#constant(DataType.FLOAT, [values.length], values);
  }

  int64s(values: readonly number[]): ValueName {
    return this.#constant(DataType.INT64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A small constant that no other node shares (see linear.ts on zero points). */
  ownConstant(name: ValueName, type: DataType, shape: readonly number[], data: TensorData): ValueName {
    this.#initializers.push(
      create(TensorProtoSchema, { name, dataType: type, dims: shape.map(BigInt), rawData: rawBytes(data) }),
    );
    return name;
  }

  /** A weight, appended to the weights file. */
  async weight(
    name: ValueName,
    type: DataType,
    shape: readonly number[],
    data: TensorData,
  ): Promise<ValueName> {
    if (this.#weights === undefined) throw new Error('the graph has no file for weights');
    const { offset, length } = await this.#weights.append(data);
    const entry = (key: string, value: string | number) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) });
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: type,
        dims: shape.map(BigInt),
        dataLocation: DataLocation.EXTERNAL,
        externalData: [
          entry('location', this.#weights.name),
          entry('offset', offset),
          entry('length', length),
        ],
      }),
    );
    return name;
  }

  /** The serialised model. */
  model(): Uint8Array {
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: IR_VERSION,
        producerName: 'blockrag',
        opsetImport: [
          create(OperatorSetIdProtoSchema, { domain: '', version: OPSET }),
          create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
        ],
        graph: this.#proto(),
      }),
    );
  }

  #proto() {
    return create(GraphProtoSchema, {
      name: this.name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
      valueInfo: this.#declared,
    });
  }

  #add(
    domain: string,
    opType: string,
    input: readonly ValueName[],
    output: ValueName[],
    attributes: Record<string, Attribute>,
  ) {
    const attribute = Object.entries(attributes).map(([name, value]) => this.#attribute(name, value));
    const name = output[0]!;
    this.#nodes.push(create(NodeProtoSchema, { name, opType, domain, input: [...input], output, attribute }));
  }

  #attribute(name: string, value: Attribute): AttributeProto {
    if (typeof value === 'number') {
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
    }
    if (Array.isArray(value)) {
      return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
    }
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  }

  #constant(type: DataType, shape: readonly number[], data: TensorData): ValueName {
    const key = `${type}[${shape}]${data.join()}`;
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.ownConstant(this.#fresh('constant'), type, shape, data);
      this.#constants.set(key, name);
    }
    return name;
  }

  #fresh(label: string): ValueName {
    return `${this.name}/${label}_${this.#next++}`;
  }
}

function rawBytes(data: TensorData): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function valueInfo(name: ValueName, elemType: DataType, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) }),
      },
    }),
  });
}
