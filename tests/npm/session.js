// Every method of dcmjs' dicomweb-client, in a page of the server's origin: what came back, as
// values that a test can compare. Bytes travel as base64.
// The client throws in its own callbacks: a promise of its may never be kept, hence the time limit.
(input) => {
  const patience = new Promise((_, reject) => setTimeout(() => reject(Error("no answer")), 60000));
  return Promise.race([session(input), patience]);

  async function session(input) {
    const client = new window.DICOMwebClient.api.DICOMwebClient({ url: input.root });
    const { study, series, instance, uncompressed } = input;
    const at = {
      study: { studyInstanceUID: study },
      series: { studyInstanceUID: study, seriesInstanceUID: series },
      instance: { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance },
    };
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
    const base64 = (buffer) => {
      const view = new Uint8Array(buffer);
      let text = "";
      for (let start = 0; start < view.length; start += 8192) {
        text += String.fromCharCode(...view.subarray(start, start + 8192));
      }
      return btoa(text);
    };
    const all = (buffers) => buffers.map(base64);

    const found = {};
    found.stored = await client.storeInstances({ datasets: input.files.map(bytes) });
    found.storedIntoStudy = await client.storeInstances({
      datasets: [bytes(input.files[0])],
      studyInstanceUID: study,
    });
    const queryParams = { StudyInstanceUID: study, includefield: "all" };
    found.studies = await client.searchForStudies({ queryParams });
    found.series = await client.searchForSeries(at.study);
    found.instances = await client.searchForInstances(at.series);
    found.anyInstances = await client.searchForInstances({ queryParams: { StudyInstanceUID: study } });
    found.studyMetadata = await client.retrieveStudyMetadata(at.study);
    found.seriesMetadata = await client.retrieveSeriesMetadata(at.series);
    found.instanceMetadata = await client.retrieveInstanceMetadata(at.instance);

    found.instanceFile = base64(await client.retrieveInstance(at.instance));
    found.seriesFiles = all(await client.retrieveSeries(at.series));
    found.studyFiles = all(await client.retrieveStudy(at.study));
    const frames = { ...at.instance, frameNumbers: [1] };
    found.frames = all(await client.retrieveInstanceFrames(frames));
    found.framesAsJpeg2000 = all(
      await client.retrieveInstanceFrames({
        ...frames,
        mediaTypes: [{ mediaType: "image/jp2", transferSyntaxUID: "1.2.840.10008.1.2.4.90" }],
      })
    );
    found.framesOfEitherKind = all(
      await client.retrieveInstanceFrames({
        ...frames,
        mediaTypes: [
          { mediaType: "image/jls", transferSyntaxUID: "1.2.840.10008.1.2.4.80" },
          { mediaType: "application/octet-stream", transferSyntaxUID: uncompressed },
        ],
      })
    );
    const jpeg = { mediaTypes: [{ mediaType: "image/jpeg" }] };
    const rendered = await client.retrieveInstanceRendered({
      ...at.instance,
      ...jpeg,
      queryParams: { quality: 90, viewport: "32,32" },
    });
    found.rendered = all(rendered);
    found.thumbnail = all(await client.retrieveInstanceThumbnail({ ...at.instance, ...jpeg }));
    found.framesRendered = all(await client.retrieveInstanceFramesRendered({ ...frames, ...jpeg }));
    found.framesThumbnail = all(
      await client.retrieveInstanceFramesThumbnail({ ...frames, ...jpeg })
    );
    const BulkDataURI = found.instanceMetadata[0]["7FE00010"].BulkDataURI;
    found.bulkData = all(await client.retrieveBulkData({ BulkDataURI }));
    // A range of a multipart body would cut its delimiters: ranges are for single parts.
    const single = new window.DICOMwebClient.api.DICOMwebClient({
      url: input.root,
      singlepart: "bulkdata",
    });
    const headers = { Accept: "application/octet-stream", Range: "bytes=10-99" };
    found.bulkRange = all(await single.retrieveBulkData({ BulkDataURI, headers }));

    const address = client.buildInstanceWadoURIUrl({
      ...at.instance,
      contentType: "application/dicom",
      transferSyntax: uncompressed,
    });
    const query = address.slice(address.indexOf("?"));
    found.wadoUri = base64(await (await fetch(`${input.origin}/wado${query}`)).arrayBuffer());
    return found;
  }
};
