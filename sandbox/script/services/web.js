// UrlFetchApp and Utilities: HTTP, bytes, digests, dates.

const FETCH_PARAMETERS = new Set([
  'method',
  'contentType',
  'headers',
  'payload',
  'muteHttpExceptions',
  'followRedirects',
  'validateHttpsCertificates',
  'escaping',
  'useIntranet',
]);

const isBlob = (value) => value !== null && typeof value === 'object' && BLOBS.has(value);

/** The payload's bytes and the content type that goes with it when the script names none. */
const payloadOf = (payload) => {
  if (payload === undefined || payload === null) return [null, null];
  if (typeof payload === 'string') return [latinOfText(payload), 'application/x-www-form-urlencoded'];
  if (Array.isArray(payload)) return [latinOfBytes(payload), 'application/x-www-form-urlencoded'];
  if (isBlob(payload)) return [latinOfBytes(payload.getBytes()), payload.getContentType()];
  const pairs = Object.entries(payload).map(
    ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return [pairs.join('&'), 'application/x-www-form-urlencoded'];
};

const fetchOne = (url, parameters = {}) => {
  for (const name of Object.keys(parameters)) {
    if (!FETCH_PARAMETERS.has(name)) throw new Error(`Attribute provided with invalid value: ${name}`);
  }
  const [body, bodyType] = payloadOf(parameters.payload);
  const headers = {};
  for (const [name, value] of Object.entries(parameters.headers ?? {})) headers[name] = String(value);
  if (body !== null) headers['Content-Type'] = parameters.contentType ?? bodyType;
  const method = String(parameters.method ?? (body === null ? 'get' : 'post')).toUpperCase();
  const answer = call('http.fetch', String(url), {
    method,
    headers,
    body,
    follow: parameters.followRedirects !== false,
  });
  if (answer.code >= 400 && !parameters.muteHttpExceptions) {
    const response = makeResponse(answer).getContentText().slice(0, 500);
    throw new Error(
      `Request failed for ${answer.origin} returned code ${answer.code}. Truncated server response: ${response} (use muteHttpExceptions option to examine full response)`,
    );
  }
  return makeResponse(answer);
};

const makeResponse = (answer) =>
  sealed('HTTPResponse', {
    getResponseCode: () => answer.code,
    getContentText: (charset) => call('bytes.text', answer.body, charsetName(charset)),
    getContent: () => bytesOfLatin(answer.body),
    getBlob: () => makeBlob(answer.body, answer.headers['Content-Type'] ?? null, null),
    getHeaders: () => ({ ...answer.headers }),
    getAllHeaders: () => ({ ...answer.allHeaders }),
  });

globalThis.UrlFetchApp = sealed('UrlFetchApp', {
  fetch: fetchOne,
  fetchAll: (requests) =>
    requests.map((one) => {
      if (typeof one === 'string') return fetchOne(one);
      const { url, ...parameters } = one;
      return fetchOne(url, parameters);
    }),
});

// -- utilities --------------------------------------------------------------------------------------
const BLOBS = new WeakSet();

const makeBlob = (latin, contentType, name) => {
  const self = sealed('Blob', {
    getBytes: () => bytesOfLatin(latin),
    getDataAsString: (charset) => call('bytes.text', latin, charsetName(charset)),
    getContentType: () => contentType,
    setContentType: (value) => ((contentType = value), self),
    getName: () => name,
    setName: (value) => ((name = value), self),
    setBytes: (bytes) => ((latin = latinOfBytes(bytes)), self),
    setDataFromString: (text) => ((latin = latinOfText(text)), self),
    copyBlob: () => makeBlob(latin, contentType, name),
    getAs: (value) => makeBlob(latin, value, name),
  });
  BLOBS.add(self);
  return self;
};

/** Bytes of a text or of a byte array; without a charset a digest reads texts as US-ASCII. */
const dataOf = (value, charset) => {
  if (typeof value === 'string') return call('bytes.ofText', value, charsetName(charset) ?? 'US_ASCII');
  if (isBlob(value)) return latinOfBytes(value.getBytes());
  return latinOfBytes(value);
};

const hmac = (algorithm, args) => {
  const [value, key, charset] = args;
  const isText = typeof value === 'string' && typeof key === 'string';
  if (!isText && !(Array.isArray(value) && Array.isArray(key))) refuse('Utilities.computeHmacSha256Signature', args);
  return bytesOfLatin(call('bytes.hmac', algorithm, dataOf(value, charset), dataOf(key, charset)));
};

const base64 = (data, charset, isWebSafe) => {
  const latin = typeof data === 'string' ? call('bytes.ofText', data, charsetName(charset) ?? 'UTF_8') : dataOf(data);
  return call('bytes.base64', latin, isWebSafe);
};

const decode64 = (text, isWebSafe) => bytesOfLatin(call('bytes.ofBase64', String(text), isWebSafe));

const Charset = enumeration('Charset', ['US_ASCII', 'UTF_8']);
const DigestAlgorithm = enumeration('DigestAlgorithm', ['MD5', 'SHA_1', 'SHA_256', 'SHA_384', 'SHA_512']);
const MacAlgorithm = enumeration('MacAlgorithm', [
  'HMAC_MD5',
  'HMAC_SHA_1',
  'HMAC_SHA_256',
  'HMAC_SHA_384',
  'HMAC_SHA_512',
]);

globalThis.Utilities = sealed('Utilities', {
  Charset,
  DigestAlgorithm,
  MacAlgorithm,
  getUuid: () => call('utilities.uuid'),
  sleep: (ms) => void call('utilities.sleep', Number(ms)),
  computeHmacSha256Signature: (...args) => hmac('HMAC_SHA_256', args),
  computeHmacSignature: (algorithm, ...args) => hmac(String(algorithm), args),
  computeDigest: (algorithm, value, charset) =>
    bytesOfLatin(call('bytes.digest', String(algorithm), dataOf(value, charset))),
  base64Encode: (data, charset) => base64(data, charset, false),
  base64EncodeWebSafe: (data, charset) => base64(data, charset, true),
  base64Decode: (text) => decode64(text, false),
  base64DecodeWebSafe: (text) => decode64(text, true),
  newBlob: (data, contentType = null, name = null) =>
    makeBlob(typeof data === 'string' ? latinOfText(data) : latinOfBytes(data), contentType, name),
  formatDate: (date, timeZone, format) => {
    if (!(date instanceof Date)) refuse('Utilities.formatDate', [date, timeZone, format]);
    return call('utilities.formatDate', date, String(timeZone), String(format));
  },
});
