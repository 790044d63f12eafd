-- What Redis does for a redirect or a call, each in one step. Runs as a library of functions, or as scripts (see library.py):
-- every function is given KEYS and ARGV.

-- A lease: who finds nothing puts a token in its place and may later replace that token, and nothing else, by what
-- PostgreSQL said. An edit deletes the key, token and all, so that an answer older than the edit finds no token to replace.
-- After https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala, section 3.2.1.

-- Returns the record that one of the keys holds; '' if somebody has a lease on it; false if the lease is the caller's now.
-- A record comes first: a lease is put under all keys, filled is one of them, and the others lie there until their time is over.
local function take(keys, args)
  local token = args[1]
  local leased = false
  for _, key in ipairs(keys) do
    local found = redis.call('get', key)
    if found and string.sub(found, 1, 1) == '[' then return found end
    leased = leased or found
  end
  if leased then return '' end
  for _, key in ipairs(keys) do redis.call('set', key, token, 'px', 2000) end
  return false
end

local function fill(keys, args)
  local token, record, lifetime = unpack(args)
  if redis.call('get', keys[1]) ~= token then return 0 end
  redis.call('set', keys[1], record, 'ex', lifetime)
  return 1
end

-- Returns what a click's line says of its link, if a visit at this moment surely leads on and counts; else nothing. Asks for
-- no less than redirects.decide: what it does not know, such as a field that a later release has added, is not for it.
local function counted(packed, slug, now)
  local readable, record = pcall(cjson.decode, packed)
  if not readable then return nil end
  local slug_key, case_sensitive, state = unpack(record, 1, 3)
  local target, starts_at, expires_at = record[7], record[11], record[12]
  if state ~= 'live' or type(target) ~= 'string' or target == '' then return nil end
  if case_sensitive ~= false and slug_key ~= slug then return nil end
  if starts_at ~= cjson.null and not (type(starts_at) == 'number' and now >= starts_at) then return nil end
  if expires_at ~= cjson.null and not (type(expires_at) == 'number' and now < expires_at) then return nil end
  for further = 14, #record do
    if record[further] ~= cjson.null then return nil end
  end
  -- Read as text: a number of Lua's has 53 bits. Within a string of JSON there is no bare quotation mark.
  local link, workspace, domain = string.match(packed, ',"live",(%d+),(%d+),(%d+),"')
  return link and link .. '\t' .. workspace .. '\t' .. domain
end

-- Does what take does with the keys after the first; a visit to the record it finds is appended to the first, a stream, if it
-- surely counts. Returns what take does, and 1 if it was appended.
local function visit(keys, args)
  local token, slug, now, before, after = unpack(args)
  local found = take({unpack(keys, 2)}, {token})
  local ids = found and found ~= '' and counted(found, slug, tonumber(now))
  if not ids then return {found, 0} end
  redis.call('xadd', keys[1], '*', 'lines', before .. ids .. after)
  return {found, 1}
end

-- Counts requests that led nowhere, as names and numbers in turn after the first argument; that says how many different names
-- there may be, beyond which no new one is taken. Returns how many names were not.
local function nowhere(keys, args)
  local left = tonumber(args[1]) - redis.call('hlen', keys[1])
  local refused = 0
  for n = 2, #args, 2 do
    local known = redis.call('hexists', keys[1], args[n]) == 1
    if known or left > 0 then
      redis.call('hincrby', keys[1], args[n], args[n + 1])
      if not known then left = left - 1 end
    else
      refused = refused + 1
    end
  end
  redis.call('expire', keys[1], 86400)
  return refused
end

-- Counts a try, if so many are allowed in a window that slides: those of this window (the first key) and, of the one before
-- (the second), as large a share as lies in the stretch that ends now. Returns 1 if it was counted, and both numbers.
local function spend(keys, args)
  local limit, share, lifetime = tonumber(args[1]), tonumber(args[2]), args[3]
  local tries = tonumber(redis.call('get', keys[1]) or 0)
  local before = tonumber(redis.call('get', keys[2]) or 0)
  if tries + 1 + before * share > limit then return {0, tries, before} end
  tries = redis.call('incr', keys[1])
  if tries == 1 then redis.call('expire', keys[1], lifetime) end
  return {1, tries, before}
end

-- Takes a try back that was counted under a key, if it still is. Returns how many are left.
local function give_back(keys, args)
  local tries = tonumber(redis.call('get', keys[1]) or 0)
  if tries > 0 then tries = redis.call('decr', keys[1]) end
  return tries
end
